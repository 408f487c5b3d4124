"""Environment variables that lift Hubbub's rate limits, for loads that send faster than people do.

The limits are still checked for every message, so their cost is part of what is measured.
"""

NO_RATE_LIMITS = {
    "MESSAGES_BURST": "100000",
    "MESSAGES_PER_SECOND": "10000",
    "COMMANDS_BURST": "100000",
    "COMMANDS_PER_SECOND": "10000",
}

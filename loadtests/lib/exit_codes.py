"""The exit statuses of load, replay, capacity, soak and chaos.

A command that could not run says why. It never exits with a status that means a verdict.
"""

PASSED = 0
FAILED = 1
NOT_RUN = 2  # argparse uses this status for its own errors, too
GENERATOR_LIMITED = 3  # nothing failed, but the figures do not describe the server

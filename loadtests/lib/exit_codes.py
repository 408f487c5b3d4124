"""The exit statuses of load, replay, capacity, soak and chaos.

A command that could not run says why, and never exits with a status that stands for a verdict.
"""

PASSED = 0
FAILED = 1
NOT_RUN = 2  # argparse uses this status for its own errors, too
# Nothing failed, but the generator was the bottleneck, so the figures do not describe the server.
GENERATOR_LIMITED = 3

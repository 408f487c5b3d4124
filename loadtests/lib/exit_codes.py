"""The exit statuses of load, replay, capacity, soak and chaos.

A command that could not run says why, and never exits with a status that is a verdict.
"""

PASSED = 0
FAILED = 1
NOT_RUN = 2  # as argparse's own errors do
GENERATOR_LIMITED = 3  # nothing failed, but the figures do not describe the server

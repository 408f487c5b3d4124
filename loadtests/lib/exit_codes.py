"""How every command here ends: what load, replay, capacity and soak give for an exit status.

A command that could not be run says why in a sentence, and never ends as one that judged.
"""

PASSED = 0
FAILED = 1
NOT_RUN = 2  # as argparse's own errors do
GENERATOR_LIMITED = 3  # nothing was wrong, and the figures are not the server's

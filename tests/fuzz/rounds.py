"""How long the fuzz tests look: briefly and always alike in CI, longer and elsewhere by hand.

`python -m tests.fuzz` sets the two variables for each of its rounds. Without them hypothesis is
derandomised: a push never fails for what it has not touched.
"""

import os

from hypothesis import HealthCheck, settings

# How many times as many examples a round has as CI.
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
# Of this round; 0 in CI.
SEED = int(os.environ.get("FUZZ_SEED", "0"))


def examples(count: int) -> settings:
    """Return hypothesis' settings for a test of so many examples in CI.

    No deadline: others may have the machine. Fixtures hold what all examples share.
    """
    return settings(
        max_examples=count * TIMES,
        derandomize=SEED == 0,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )

"""How many examples the fuzz tests try: few and fixed in CI, more and random ones otherwise.

`python -m tests.fuzz` sets the two variables for each of its rounds. Without them hypothesis is
derandomised, so that a push never fails because of code that it did not touch.
"""

import os

from hypothesis import HealthCheck, settings

# Each test tries this many times the number of examples that it tries in CI.
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
# The seed of this round; 0 in CI.
SEED = int(os.environ.get("FUZZ_SEED", "0"))


def examples(count: int) -> settings:
    """Return hypothesis' settings for a test that has `count` examples in CI.

    There is no deadline, because the machine may be busy. All examples of a test share its
    fixtures.
    """
    return settings(
        max_examples=count * TIMES,
        derandomize=SEED == 0,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )

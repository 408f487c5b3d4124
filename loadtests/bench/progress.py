"""The progress line: what runs, and how long it still takes, roughly."""

import time
from collections.abc import Iterator, Sequence

from loadtests.bench.steps import Step
from loadtests.lib.console import log


def with_progress(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps, telling of each what is left; estimates are mended by what the past took."""
    began = time.monotonic()
    for number, step in enumerate(steps, start=1):
        done = sum(one.seconds for one in steps[: number - 1])
        left = sum(one.seconds for one in steps[number - 1 :])
        pace = (time.monotonic() - began) / done if done else 1.0
        log(f"[{number}/{len(steps)}] {step.title} … about {_span(left * pace)} left")
        step_began = time.monotonic()
        yield step
        log(f"    took {time.monotonic() - step_began:.0f} s ({step.seconds:.0f} expected)")


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{round(seconds / 5) * 5 or 5} s"
    return f"{round(seconds / 60)} min"

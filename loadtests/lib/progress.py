"""Shows the progress of a long run on standard error."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from loadtests.lib.console import is_terminal, log, update_status
from loadtests.lib.reporting.numbers import rough_duration


class EstimatedStep(Protocol):
    @property
    def title(self) -> str: ...

    @property
    def seconds(self) -> float:
        """The estimated duration of the step."""


AnyStep = TypeVar("AnyStep", bound=EstimatedStep)


@asynccontextmanager
async def live_line(
    line: Callable[[], str], seconds: float, seconds_in_a_file: float
) -> AsyncIterator[None]:
    """Write the current status line again and again while the `with` block runs.

    Without a terminal, write it less often.
    """
    showing = asyncio.create_task(_show(line, seconds if is_terminal() else seconds_in_a_file))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


async def _show(line: Callable[[], str], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        update_status(line())


def with_estimates(steps: Sequence[AnyStep]) -> Iterator[AnyStep]:
    """Yield the steps. Before each step, print how long the rest will take at the current pace."""
    started = time.monotonic()
    for number, step in enumerate(steps, start=1):
        done = sum(one.seconds for one in steps[: number - 1])
        left = sum(one.seconds for one in steps[number - 1 :])
        pace = (time.monotonic() - started) / done if done else 1.0
        log(f"[{number}/{len(steps)}] {step.title} … about {rough_duration(left * pace)} left")
        step_started = time.monotonic()
        yield step
        log(f"    took {time.monotonic() - step_started:.0f} s ({step.seconds:.0f} expected)")

"""Looking for the most that a server holds, in few steps. Pure: whoever measures is handed in.

`climb` tries amounts that grow and stops at the first that breaks; `narrow` halves what lies
between. A step that breaks is tried once more: one hiccup of a machine is no limit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import sqrt

from loadtests.capacity.criteria import Break, Promise, Step, broken

Measure = Callable[[float], Step]


@dataclass(slots=True)
class Found:
    """`held` is the most that was kept, `broke` the least that was not and why."""

    held: float = 0.0
    broke: float | None = None
    limit: Break | None = None  # None: all that was tried was kept, and it may be more
    steps: list[tuple[float, Step]] = field(default_factory=list)

    def step(self) -> Step | None:
        """Return what was measured at the most that was kept."""
        kept = [step for amount, step in self.steps if amount == self.held]
        return kept[-1] if kept else None


def climb(measure: Measure, amounts: Iterable[float], promise: Promise) -> Found:
    """Try amounts, each above the one before, until one breaks twice."""
    found = Found()
    for amount in amounts:
        if not _keeps(measure, amount, promise, found):
            break
    return found


def narrow(measure: Measure, found: Found, promise: Promise, within: float) -> Found:
    """Try what lies between until both ends are within a factor of `1 + within` of each other."""
    while found.broke is not None and 0 < found.held * (1 + within) < found.broke:
        _keeps(measure, sqrt(found.held * found.broke), promise, found)
    return found


def doubling(first: float, most: float) -> Iterable[float]:
    """Yield first, twice that, and so on, and `most` as the last."""
    amount = first
    while amount < most:
        yield amount
        amount *= 2
    yield most


def _keeps(measure: Measure, amount: float, promise: Promise, found: Found) -> bool:
    for _ in range(2):
        step = measure(amount)
        found.steps.append((amount, step))
        if (breaks := broken(step, promise)) is None:
            found.held = amount
            return True
    found.broke, found.limit = amount, breaks
    return False

"""Finds the highest load that a server sustains, in few steps. Pure: the caller passes `measure`.

`climb` tries growing amounts and stops at the first that fails; `narrow` halves the remaining
interval. A step that fails is tried once more, so that a single hiccup of the machine does not
count as a limit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import sqrt

from loadtests.capacity.criteria import Criteria, Failure, Step, failure

Measure = Callable[[float], Step]


@dataclass(slots=True)
class SearchResult:
    """`passed` is the largest amount that passed, `failed` the smallest that failed."""

    passed: float = 0.0
    failed: float | None = None
    limit: Failure | None = None  # None: everything that was tried passed, and more may be possible
    steps: list[tuple[float, Step]] = field(default_factory=list)

    def best_step(self) -> Step | None:
        """Return what was measured at the largest amount that passed."""
        passed = [step for amount, step in self.steps if amount == self.passed]
        return passed[-1] if passed else None


def climb(measure: Measure, amounts: Iterable[float], criteria: Criteria) -> SearchResult:
    """Try amounts, each above the one before, until one fails twice."""
    result = SearchResult()
    for amount in amounts:
        if not _passes(measure, amount, criteria, result):
            break
    return result


def narrow(
    measure: Measure, result: SearchResult, criteria: Criteria, within: float
) -> SearchResult:
    """Try amounts in between until both ends are within a factor of `1 + within`."""
    while result.failed is not None and 0 < result.passed * (1 + within) < result.failed:
        _passes(measure, sqrt(result.passed * result.failed), criteria, result)
    return result


def doubling(first: float, most: float) -> Iterable[float]:
    """Yield `first`, twice that, and so on, and finally `most`."""
    amount = first
    while amount < most:
        yield amount
        amount *= 2
    yield most


def _passes(measure: Measure, amount: float, criteria: Criteria, result: SearchResult) -> bool:
    for _ in range(2):
        step = measure(amount)
        result.steps.append((amount, step))
        if (failed := failure(step, criteria)) is None:
            result.passed = amount
            return True
    result.failed, result.limit = amount, failed
    return False

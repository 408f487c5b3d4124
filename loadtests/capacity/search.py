"""Finds the highest load that a server sustains, in few steps. Pure: the caller passes `measure`.

`climb` tries growing amounts and stops at the first amount that fails; `narrow` halves the
remaining interval. A step that fails is tried once more, so that a single hiccup of the machine
does not count as a limit. `figures` returns the result in the form of docs/capacity.json.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from math import sqrt
from typing import Any

from loadtests.capacity.criteria import (
    GENERATOR,
    SECONDS_BETWEEN_MESSAGES,
    Criteria,
    Failure,
    MeasuredLoad,
    failure,
)
from loadtests.lib import exit_codes

SPARE_FACTOR = 2

Measure = Callable[[float], MeasuredLoad]


@dataclass(slots=True)
class SearchResult:
    """`passed` is the largest amount that passed, `failed` the smallest that failed."""

    passed: float = 0.0
    failed: float | None = None
    limit: Failure | None = None  # None if every amount passed, so that more may be possible
    steps: list[tuple[float, MeasuredLoad]] = field(default_factory=list)

    def best_step(self) -> MeasuredLoad | None:
        """Return what was measured at the largest amount that passed."""
        passed = [step for amount, step in self.steps if amount == self.passed]
        return passed[-1] if passed else None

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"steps": [asdict(step) for _, step in self.steps]}


def climb(measure: Measure, amounts: Iterable[float], criteria: Criteria) -> SearchResult:
    """Try growing amounts until one fails twice."""
    result = SearchResult()
    for amount in amounts:
        if not _passes(measure, amount, criteria, result):
            break
    return result


def narrow(
    measure: Measure, result: SearchResult, criteria: Criteria, within: float
) -> SearchResult:
    """Try amounts between `passed` and `failed` until their ratio is at most `1 + within`."""
    while result.failed is not None and 0 < result.passed * (1 + within) < result.failed:
        _passes(measure, sqrt(result.passed * result.failed), criteria, result)
    return result


def doubling(first: float, most: float) -> Iterable[float]:
    """Yield `first`, then twice as much each time, and finally `most`."""
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


def figures(
    connections: SearchResult,
    messages: SearchResult,
    criteria: Criteria,
    replicas: int,
    **facts: Any,
) -> dict[str, Any]:
    """Return the whole result. `facts` are the command, the setup and the machine.

    `connections_per_replica` and `messages_per_second_per_replica` were measured at the largest
    load that passed; they are not the requested amounts. `plan_with` is half of these figures,
    because the users of a replica that stops move to the others. If no limit was found, or if the
    replica was not the limit, a replica can perhaps sustain more: `limit` says what the limit was.
    """
    most_connected, fastest = connections.best_step(), messages.best_step()
    most = most_connected.connections // replicas if most_connected else 0
    rate = round(fastest.acked_per_second / replicas) if fastest else 0
    return {
        **facts,
        "replicas": replicas,
        "criteria": asdict(criteria),
        "connections_per_replica": most,
        "messages_per_second_per_replica": rate,
        "plan_with": {
            "connections_per_replica": most // SPARE_FACTOR,
            "messages_per_second_per_replica": rate // SPARE_FACTOR,
        },
        "seconds_between_messages": SECONDS_BETWEEN_MESSAGES,
        "connections": connections.to_json(),
        "messages": messages.to_json(),
    }


def status(result: dict[str, Any]) -> int:
    """Return the exit status of a run with this result."""
    limits = [result[kind]["limit"] for kind in ("connections", "messages")]
    if any(limit and limit["limited_by"] == GENERATOR for limit in limits):
        return exit_codes.GENERATOR_LIMITED
    return exit_codes.PASSED if result["connections_per_replica"] else exit_codes.FAILED

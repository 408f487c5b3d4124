"""Sums up a run in two lines: messages, deliveries and violations. Pure.

The lines are for people. A script should read the exit status instead.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.checker.violation import CATEGORIES, Violation
from loadtests.lib.client.history import CommandAnswered, EventReceived


@dataclass(frozen=True, slots=True)
class Summary:
    clients: int
    acknowledged: int  # the number of messages that were answered with `ok`
    delivered: int  # the number of messages that all clients together received
    violations: Counter[str]  # the number of violations in each category

    def __str__(self) -> str:
        found = ", ".join(f"{self.violations[name]} {name}" for name in CATEGORIES)
        return (
            f"{self.clients} clients, {self.acknowledged} messages acknowledged, "
            f"{self.delivered} deliveries\n{found}"
        )


def summarize_run(run: RecordedRun, violations: Sequence[Violation]) -> Summary:
    entries = [entry for history in run.histories for entry in history.entries]
    return Summary(
        clients=sum(history.ended is not None for history in run.histories),
        acknowledged=len({_acknowledged(entry) for entry in entries} - {None}),
        delivered=sum(
            isinstance(entry, EventReceived) and entry.type == "message.created"
            for entry in entries
        ),
        violations=Counter(violation.category for violation in violations),
    )


def _acknowledged(entry: object) -> int | None:
    """Return the id of the message that the entry acknowledges, if it acknowledges one."""
    match entry:
        case CommandAnswered(
            command={"type": "message.send"}, code=None, message={"id": int() as id}
        ):
            return id
    return None

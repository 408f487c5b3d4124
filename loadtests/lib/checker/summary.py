"""A run in a few lines: messages, deliveries, violations and silences. Pure.

The lines are for people. A script should read the exit status instead.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.checker.silence import FOREVER, longest_silence
from loadtests.lib.checker.violation import CATEGORIES, Violation
from loadtests.lib.client.history import CommandAnswered, EventReceived


@dataclass(frozen=True, slots=True)
class Summary:
    clients: int
    acknowledged: int  # messages answered with `ok`
    delivered: int  # messages received, by all clients together
    violations: Counter[str]  # by category
    # Name of the fault window, its length, the longest silence in it.
    silences: list[tuple[str, float, float]]

    def __str__(self) -> str:
        lines = [self.counts]
        for name, lasted, silence in self.silences:
            lines.append(f"longest silence {silence:5.1f} s  in {lasted:5.1f} s: {name}")
        return "\n".join(lines)

    @property
    def counts(self) -> str:
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
        silences=_silences(run),
    )


def _acknowledged(entry: object) -> int | None:
    """Return the id of the message that the entry acknowledges, if it acknowledges one."""
    match entry:
        case CommandAnswered(
            command={"type": "message.send"}, code=None, message={"id": int() as id}
        ):
            return id
    return None


def _silences(run: RecordedRun) -> list[tuple[str, float, float]]:
    listening = [history for history in run.histories if history.name in run.listeners]
    found = []
    for one in run.windows:
        outages = (
            other.started
            for other in run.windows
            if other.unavailable and other.started >= one.ended
        )
        span = one.started, one.ended, min(outages, default=FOREVER)
        silences = [longest_silence(history, *span) for history in listening]
        found.append((one.name, one.ended - one.started, max(silences, default=0.0)))
    return found

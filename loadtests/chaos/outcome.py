"""What came of a run: whether it counts, what was lost, what people noticed of each fault. Pure.

`status` is the command's exit status. Promises in seconds are told and do not change it: a busy
machine breaks them, and loses nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from typing import Any

from loadtests.chaos.client_faults import Audience
from loadtests.chaos.concurrent_faults import Beside
from loadtests.chaos.executor import Happened
from loadtests.chaos.fault_kind import Promise
from loadtests.chaos.measurements import Delivery, Noticed, slowest_but
from loadtests.lib.checker.fault_windows import FaultWindow, Promises
from loadtests.lib.checker.intervals import Interval
from loadtests.lib.checker.recorded_run import Run
from loadtests.lib.checker.summary import Summary, summarize_run

MOST_TOLD = 20
MAY_BE_LATE = 0.01  # of deliveries
# While a fault lasts, and until what it broke is settled.
LATE = Promises(present_seconds=20, gone_seconds=30, revoked_seconds=12)
# A socket that is lost unnoticed is given up after 2.5 heartbeats of 5 s.
USUAL = Promises(present_seconds=5, gone_seconds=16, revoked_seconds=3)


@dataclass(frozen=True, slots=True)
class Row:
    """A fault as it was, in seconds from the run's beginning, and what was noticed of it."""

    name: str
    at: float
    seconds: float
    evidence: str
    failure: str
    silence: float
    delivery: float | None
    answered: float | None
    promise: Promise
    kept: bool

    def __str__(self) -> str:
        figures = [f"silence {self.silence:.1f} s"]
        if self.delivery is not None:
            figures.append(f"p99 {self.delivery:.1f} s")
        if self.answered is not None:
            figures.append(f"answered after {self.answered:.1f} s")
        mark = "" if self.kept else "  OVER ITS PROMISE"
        seen = self.failure or self.evidence or "NOT SEEN"
        return f"{self.at:6.1f} s  {self.name:24}  {', '.join(figures)}{mark}  ({seen})"


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    seconds: float
    summary: Summary
    per_second: float  # outside outages
    least_per_second: float
    told: list[str]  # the first of what is wrong
    trouble: str  # who did not come back, or to rest
    rows: list[Row]

    @property
    def status(self) -> int:
        if self.summary.faults or self.trouble or any(row.failure for row in self.rows):
            return 1
        return 2 if self.does_not_count else 0

    @property
    def does_not_count(self) -> str:
        unseen = [row.name for row in self.rows if not row.evidence and not row.failure]
        if unseen:
            return f"nobody saw these take effect: {', '.join(unseen)}"
        if self.per_second < self.least_per_second:
            return (
                f"only {self.per_second:.1f} messages a second were acknowledged outside outages; "
                f"{self.least_per_second:g} are wanted"
            )
        return ""

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Outcome":
        """Return what `as_json` told of."""
        facts = {one.name: saved[one.name] for one in fields(cls)}
        summary = saved["summary"] | {"faults": Counter(saved["summary"]["faults"])}
        rows = [Row(**row | {"promise": Promise(**row["promise"])}) for row in saved["rows"]]
        return cls(**facts | {"summary": Summary(**summary, silences=[]), "rows": rows})

    def as_json(self) -> dict[str, Any]:
        summary = {
            "clients": self.summary.clients,
            "acknowledged": self.summary.acknowledged,
            "delivered": self.summary.delivered,
            "faults": dict(self.summary.faults),  # which `asdict` cannot copy
        }
        concluded = {"status": self.status, "does_not_count": self.does_not_count}
        facts = {one.name: getattr(self, one.name) for one in fields(self)}
        rows = [asdict(row) for row in self.rows]
        return facts | {"summary": summary, "rows": rows} | concluded


def times(promises: Promises, factor: float) -> Promises:
    return Promises(*(factor * seconds for seconds in astuple(promises)))


def windows(happened: Sequence[Happened], factor: float = 1.0) -> list[FaultWindow]:
    """Return when the checker may expect less than usual."""
    return [
        FaultWindow(
            *(one.entry.kind.name, one.began, one.settled),
            promises=times(LATE, factor),
            unavailable=one.entry.kind.outage,
            deaf=one.entry.kind.deaf,
        )
        for one in happened
    ]


def conclude(
    seed: int,
    span: tuple[float, float],
    happened: Sequence[Happened],
    run: Run,
    least_per_second: float,
    trouble: str = "",
    *,
    alone: bool = False,
) -> Outcome:
    """Judge a run. `span` is from the first moment until everybody was told to be quiet.

    With `alone` no two faults were done at a time: no silence goes on into the next one.
    """
    faults, noticed = run.check(), Noticed(run.histories, run.listeners)
    audience = Audience(run.histories)
    outages = [(one.began, one.settled) for one in happened if one.entry.kind.outage]
    return Outcome(
        seed=seed,
        seconds=span[1] - span[0],
        summary=summarize_run(run, faults),
        per_second=noticed.rate_outside(span, outages),
        least_per_second=least_per_second,
        told=[str(fault) for fault in faults[:MOST_TOLD]],
        trouble=trouble,
        rows=[
            _row(one, span[0], Beside.of(one, happened, audience, alone=alone), noticed)
            for one in happened
        ],
    )


def _row(one: Happened, began: float, beside: Beside, noticed: Noticed) -> Row:
    window = one.began, one.settled
    promise = one.entry.kind.promise
    silences = list(noticed.silences(window, beside.hits, beside.cut_off))
    took = noticed.deliveries(window, beside.hits) if promise.delivery is not None else []
    answered = noticed.answered_after(one.healed) if promise.answered is not None else None
    return Row(
        name=one.entry.kind.name,
        at=one.began - began,
        seconds=one.healed - one.began,
        evidence=one.evidence,
        failure=one.failure,
        silence=max((later - earlier for earlier, later in silences), default=0.0),
        delivery=slowest_but(MAY_BE_LATE, [one.seconds for one in took]),
        answered=answered,
        promise=promise,
        kept=_no_longer(silences, promise.silence, beside)
        and _in_time(took, promise.delivery, beside)
        and _within(answered, promise.answered),
    )


def _no_longer(silences: Sequence[Interval], promised: float | None, beside: Beside) -> bool:
    """Whether all silences were as promised; the most patient fault of servers speaks."""
    return promised is None or all(beside.allows(promised, span) for span in silences)


def _in_time(took: Sequence[Delivery], promised: float | None, beside: Beside) -> bool:
    """Whether all but a hundredth came as promised; the most patient fault of servers speaks."""
    if promised is None:
        return True
    late = sum(not beside.allows(promised, one.span) for one in took)
    return bool(took) and late <= MAY_BE_LATE * len(took)


def _within(measured: float | None, promised: float | None) -> bool:
    return promised is None or (measured is not None and measured <= promised)

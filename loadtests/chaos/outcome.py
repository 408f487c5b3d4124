"""What came of a run: whether it counts, what was lost, what people noticed of each fault. Pure.

`status` is the command's exit status. Promises in seconds are told and do not change it: a busy
machine breaks them, and loses nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loadtests.chaos.kinds import Promise
from loadtests.chaos.measures import Noticed, Window
from loadtests.chaos.perform import Happened
from loadtests.checker import Log
from loadtests.checker.fault import Fault

LEAST_PER_SECOND = 20.0
MOST_TOLD = 20


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
    acknowledged: int
    per_second: float  # outside outages
    wrong: dict[str, int]  # rule: how often it was broken
    told: list[str]  # the first of them
    trouble: str  # who did not come back, or to rest
    rows: list[Row]

    @property
    def status(self) -> int:
        if self.wrong or self.trouble or any(row.failure for row in self.rows):
            return 1
        return 2 if self.does_not_count else 0

    @property
    def does_not_count(self) -> str:
        unseen = [row.name for row in self.rows if not row.evidence and not row.failure]
        if unseen:
            return f"nobody saw these take effect: {', '.join(unseen)}"
        if self.per_second < LEAST_PER_SECOND:
            return (
                f"only {self.per_second:.1f} messages a second were acknowledged outside outages; "
                f"{LEAST_PER_SECOND:g} are wanted"
            )
        return ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"status": self.status, "does_not_count": self.does_not_count}


def conclude(
    seed: int,
    window: Window,
    happened: Sequence[Happened],
    noticed: Noticed,
    faults: Sequence[Fault],
    log: Log,
    trouble: str,
) -> Outcome:
    outages = [(one.began, one.settled) for one in happened if one.entry.kind.outage]
    return Outcome(
        seed=seed,
        seconds=window[1] - window[0],
        acknowledged=len(noticed.acknowledged),
        per_second=noticed.rate_outside(_busy(window, happened), outages),
        wrong=dict(Counter(fault.rule for fault in faults)),
        told=[str(fault) for fault in faults[:MOST_TOLD]],
        trouble=trouble,
        rows=[_row(one, window[0], happened, noticed) for one in happened],
    )


def _busy(window: Window, happened: Sequence[Happened]) -> Window:
    """Until everybody was told to be quiet: not much after the last fault."""
    return window[0], max((one.settled for one in happened), default=window[1])


def _row(one: Happened, began: float, happened: Sequence[Happened], noticed: Noticed) -> Row:
    window = one.began, one.settled
    promise = one.entry.kind.promise
    silence, delivery = noticed.silence(window), noticed.delivery(window)
    answered = noticed.answered_after(one.healed) if promise.answered is not None else None
    beside = [promise, *(other.entry.kind.promise for other in happened if _overlap(one, other))]
    return Row(
        name=one.entry.kind.name,
        at=one.began - began,
        seconds=one.healed - one.began,
        evidence=one.evidence,
        failure=one.failure,
        silence=silence,
        delivery=delivery if promise.delivery is not None else None,
        answered=answered,
        promise=promise,
        kept=_kept(promise, silence, delivery, answered, beside),
    )


def _kept(
    promise: Promise,
    silence: float,
    delivery: float | None,
    answered: float | None,
    beside: Sequence[Promise],
) -> bool:
    """Whether it was held; for silences, the most patient of the faults at that time speaks."""
    patience = max((one.silence for one in beside if one.silence is not None), default=0.0)
    return (
        (promise.silence is None or silence <= patience)
        and (promise.delivery is None or (delivery is not None and delivery <= promise.delivery))
        and (promise.answered is None or (answered is not None and answered <= promise.answered))
    )


def _overlap(one: Happened, other: Happened) -> bool:
    return one is not other and one.began < other.settled and other.began < one.settled

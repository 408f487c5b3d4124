"""What users noticed of one fault, and whether that is within the fault's limits. Pure.

Other faults can explain what users noticed. While several server faults overlap, the longest of
their limits counts. A client fault extends no other limit. Instead, the clients that it affects are
left out while it lasts: a tab that was cut off on purpose says nothing about a replica that was
killed at the same time. Tabs that receive messages only from such clients are left out, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.chaos.executor import Execution
from loadtests.chaos.fault_kind import FaultLimits, FaultTarget
from loadtests.chaos.measurements import Measurements, slowest_but
from loadtests.lib.checker.intervals import Interval
from loadtests.lib.checker.silence import FOREVER

LATE_SHARE = 0.01  # the share of the deliveries that may exceed the limit


@dataclass(frozen=True, slots=True)
class FaultResult:
    """One fault, and what users noticed of it. `at` is in seconds from the start of the run."""

    name: str
    at: float
    seconds: float
    evidence: str
    error: str
    silence: float
    delivery: float | None
    recovery: float | None
    limits: FaultLimits
    within_limits: bool

    def __str__(self) -> str:
        figures = [f"silence {self.silence:.1f} s"]
        if self.delivery is not None:
            figures.append(f"p99 {self.delivery:.1f} s")
        if self.recovery is not None:
            figures.append(f"acknowledged after {self.recovery:.1f} s")
        exceeded = "" if self.within_limits else "  OVER ITS LIMIT"
        evidence = self.error or self.evidence or "NO EFFECT"
        return f"{self.at:6.1f} s  {self.name:27}  {', '.join(figures)}{exceeded}  ({evidence})"


class FaultJudge:
    """Judges one fault among all those of a run.

    With `alone`, no two faults happened at the same time, so a silence never extends into the next
    fault.
    """

    def __init__(
        self,
        judged: Execution,
        executions: Sequence[Execution],
        measured: Measurements,
        *,
        alone: bool,
    ) -> None:
        self._judged, self._measured, self._limits = judged, measured, judged.kind.limits
        others = [one for one in executions if one is not judged]
        self._server_faults = [one for one in others if one.kind.target is not FaultTarget.CLIENTS]
        self._left_out = [
            (one, measured.with_audience(one.affected)) for one in others if one.affected
        ]
        next_ones = [one for one in others if alone or one.kind.outage]
        starts = (one.started for one in next_ones if one.started >= judged.settled)
        self._cut_off = min(starts, default=FOREVER)

    def result(self, run_started: float) -> FaultResult:
        one, limits = self._judged, self._limits
        silences, deliveries = self._silences(), self._deliveries()
        wants_recovery = limits.recovery is not None
        recovery = self._measured.recovery_after(one.healed) if wants_recovery else None
        return FaultResult(
            name=one.kind.name,
            at=one.started - run_started,
            seconds=one.healed - one.started,
            evidence=one.evidence,
            error=one.error,
            silence=max(map(_length, silences), default=0.0),
            delivery=slowest_but(LATE_SHARE, [_length(each) for each in deliveries]),
            recovery=recovery,
            limits=limits,
            within_limits=all(self._allows(limits.silence, each) for each in silences)
            and self._allows_deliveries(deliveries)
            and _allows_recovery(limits.recovery, recovery),
        )

    def _silences(self) -> list[Interval]:
        silences = self._measured.silences(self._judged.window, self._cut_off)
        return [interval for name, interval in silences if not self._explained(interval, name)]

    def _deliveries(self) -> list[Interval]:
        """Return the intervals in which messages were on their way.

        The list is empty if the fault has no limit for deliveries.
        """
        if self._limits.delivery is None:
            return []
        deliveries = self._measured.deliveries(self._judged.window)
        return [
            one.interval
            for one in deliveries
            if not self._explained(one.interval, one.sender, one.receiver)
        ]

    def _explained(self, interval: Interval, *clients: str) -> bool:
        """Return whether a client fault can explain a silence or a late message in this interval.

        A fault can explain it if the fault overlaps the interval and affects one of these clients.
        """
        return any(
            _overlap(interval, fault.window) and not left_out.isdisjoint(clients)
            for fault, left_out in self._left_out
        )

    def _allows(self, limit: float | None, interval: Interval) -> bool:
        """Return whether an interval is within this limit, or that of another server fault."""
        if limit is None or _length(interval) <= limit:
            return True
        others = (one for one in self._server_faults if _overlap(interval, one.window))
        return any(_length(interval) <= (one.kind.limits.silence or 0.0) for one in others)

    def _allows_deliveries(self, deliveries: Sequence[Interval]) -> bool:
        """Return whether all deliveries except a share of `LATE_SHARE` were in time."""
        if self._limits.delivery is None:
            return True
        late = sum(not self._allows(self._limits.delivery, one) for one in deliveries)
        return bool(deliveries) and late <= LATE_SHARE * len(deliveries)


def _allows_recovery(limit: float | None, measured: float | None) -> bool:
    return limit is None or (measured is not None and measured <= limit)


def _length(interval: Interval) -> float:
    return interval[1] - interval[0]


def _overlap(one: Interval, other: Interval) -> bool:
    return one[0] < other[1] and other[0] < one[1]

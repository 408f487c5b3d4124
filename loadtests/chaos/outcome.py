"""The outcome of a run: whether it counts, what was lost, what users noticed of each fault. Pure.

`status` is the command's exit status. Exceeded time limits are reported but do not change it: a
busy machine exceeds them without losing anything.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from functools import partial
from typing import Any

from loadtests.chaos.concurrent_faults import Audience, ConcurrentFaults
from loadtests.chaos.executor import Execution
from loadtests.chaos.fault_kind import Limits
from loadtests.chaos.measurements import Delivery, Measurements, slowest_but
from loadtests.lib import exit_codes
from loadtests.lib.checker.fault_windows import FaultWindow, Promises
from loadtests.lib.checker.intervals import Interval
from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.checker.summary import Summary, summarize_run

INCONCLUSIVE = exit_codes.NOT_RUN
MAX_VIOLATIONS_SHOWN = 20
LATE_SHARE = 0.01  # of the deliveries may exceed the limit
# While a fault lasts, and until its effects have settled.
DURING_FAULTS = Promises(present_seconds=20, gone_seconds=30, revoked_seconds=12)
# A silently lost connection is given up after 2.5 ping intervals of 5 s.
USUAL = Promises(present_seconds=5, gone_seconds=16, revoked_seconds=3)


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: times in seconds from the start of the run, and what was noticed of it."""

    name: str
    at: float
    seconds: float
    evidence: str
    error: str
    silence: float
    delivery: float | None
    recovery: float | None
    limits: Limits
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


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    seconds: float
    summary: Summary
    per_second: float  # acknowledged outside outages
    least_per_second: float
    violations: list[str]  # the first MAX_VIOLATIONS_SHOWN
    trouble: str  # who did not recover, and what went wrong among the simulated users
    rows: list[Row]

    @property
    def status(self) -> int:
        if self.summary.violations or self.trouble or any(row.error for row in self.rows):
            return exit_codes.FAILED
        return INCONCLUSIVE if self.inconclusive else exit_codes.PASSED

    @property
    def inconclusive(self) -> str:
        """Why the run does not count; empty if it does."""
        without_effect = [row.name for row in self.rows if not row.evidence and not row.error]
        if without_effect:
            return f"these faults had no visible effect: {', '.join(without_effect)}"
        if self.per_second < self.least_per_second:
            return (
                f"only {self.per_second:.1f} messages a second were acknowledged outside outages; "
                f"at least {self.least_per_second:g} are needed"
            )
        return ""

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Outcome":
        """Return the outcome that `as_json` saved."""
        facts = {one.name: saved[one.name] for one in fields(cls)}
        summary = saved["summary"] | {"violations": Counter(saved["summary"]["violations"])}
        rows = [Row(**row | {"limits": Limits(**row["limits"])}) for row in saved["rows"]]
        return cls(**facts | {"summary": Summary(**summary, silences=[]), "rows": rows})

    def as_json(self) -> dict[str, Any]:
        summary = {
            "clients": self.summary.clients,
            "acknowledged": self.summary.acknowledged,
            "delivered": self.summary.delivered,
            "violations": dict(self.summary.violations),  # `asdict` cannot copy a Counter
        }
        verdict = {"status": self.status, "inconclusive": self.inconclusive}
        facts = {one.name: getattr(self, one.name) for one in fields(self)}
        rows = [asdict(row) for row in self.rows]
        return facts | {"summary": summary, "rows": rows} | verdict


def extended(promises: Promises, factor: float) -> Promises:
    return Promises(*(factor * seconds for seconds in astuple(promises)))


def fault_windows(executions: Sequence[Execution], factor: float = 1.0) -> list[FaultWindow]:
    """Return when the checker may expect less than usual."""
    return [
        FaultWindow(
            *(one.kind.name, one.started, one.settled),
            promises=extended(DURING_FAULTS, factor),
            unavailable=one.kind.outage,
            bus_lost=one.kind.bus_lost,
        )
        for one in executions
    ]


def conclude(
    seed: int,
    span: Interval,
    executions: Sequence[Execution],
    run: RecordedRun,
    least_per_second: float,
    trouble: str = "",
    *,
    alone: bool = False,
) -> Outcome:
    """Judge a run. `span` lasts from the start until the users were asked to stop.

    With `alone`, no two faults happened at the same time, so a silence never extends into the next
    fault.
    """
    violations, measured = run.check(), Measurements(run.histories, run.listeners)
    others_of = partial(
        ConcurrentFaults.of,
        executions=executions,
        audience=Audience(run.histories),
        alone=alone,
    )
    outages = [(one.started, one.settled) for one in executions if one.kind.outage]
    return Outcome(
        seed=seed,
        seconds=span[1] - span[0],
        summary=summarize_run(run, violations),
        per_second=measured.rate_outside(span, outages),
        least_per_second=least_per_second,
        violations=[str(one) for one in violations[:MAX_VIOLATIONS_SHOWN]],
        trouble=trouble,
        rows=[_row(one, others_of(one), span[0], measured) for one in executions],
    )


def _row(one: Execution, others: ConcurrentFaults, start: float, measured: Measurements) -> Row:
    window, limits = (one.started, one.settled), one.kind.limits
    silences = list(measured.silences(window, others.of_clients, others.cut_off))
    wants_deliveries = limits.delivery is not None
    deliveries = measured.deliveries(window, others.of_clients) if wants_deliveries else []
    recovery = measured.recovery_after(one.healed) if limits.recovery is not None else None
    return Row(
        name=one.kind.name,
        at=one.started - start,
        seconds=one.healed - one.started,
        evidence=one.evidence,
        error=one.error,
        silence=max((ended - started for started, ended in silences), default=0.0),
        delivery=slowest_but(LATE_SHARE, [one.seconds for one in deliveries]),
        recovery=recovery,
        limits=limits,
        within_limits=_silences_allowed(silences, limits.silence, others)
        and _deliveries_allowed(deliveries, limits.delivery, others)
        and _recovery_allowed(recovery, limits.recovery),
    )


def _silences_allowed(
    silences: Sequence[Interval], limit: float | None, others: ConcurrentFaults
) -> bool:
    return limit is None or all(others.allow(limit, interval) for interval in silences)


def _deliveries_allowed(
    deliveries: Sequence[Delivery], limit: float | None, others: ConcurrentFaults
) -> bool:
    """Whether all but LATE_SHARE of the deliveries were in time."""
    if limit is None:
        return True
    late = sum(not others.allow(limit, one.interval) for one in deliveries)
    return bool(deliveries) and late <= LATE_SHARE * len(deliveries)


def _recovery_allowed(measured: float | None, limit: float | None) -> bool:
    return limit is None or (measured is not None and measured <= limit)

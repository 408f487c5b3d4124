"""The outcome of a run: if it counts, what was lost, and what users noticed of each fault. Pure.

`status` is the command's exit status. Exceeded time limits are reported but do not change the
status: a busy machine exceeds them without losing anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from pydantic import TypeAdapter

from loadtests.chaos.executor import Execution
from loadtests.chaos.judgement import FaultJudge, FaultResult
from loadtests.chaos.measurements import Measurements
from loadtests.lib import exit_codes
from loadtests.lib.checker.fault_windows import FaultWindow, Promises
from loadtests.lib.checker.intervals import Interval
from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.checker.summary import Summary, summarize_run

INCONCLUSIVE = exit_codes.NOT_RUN
MAX_VIOLATIONS_SHOWN = 20
# The promises while a fault lasts, and until its effects have settled.
DURING_FAULTS = Promises(present_seconds=20, gone_seconds=30, revoked_seconds=12)
# The promises at all other times. A silently lost connection is given up after 2.5 ping intervals
# of 5 s.
USUAL = Promises(present_seconds=5, gone_seconds=16, revoked_seconds=3)


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    seconds: float
    summary: Summary
    per_second: float  # how many messages were acknowledged per second outside outages
    least_per_second: float
    violations: list[str]  # the first `MAX_VIOLATIONS_SHOWN` violations
    trouble: str  # which users or servers did not recover, and the errors of the simulated users
    rows: list[FaultResult]

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

    def lines(self) -> Iterator[str]:
        """Yield the lines of the outcome that are printed for people."""
        yield from map(str, self.rows)
        yield from self.violations
        yield f"Seed {self.seed}, {self.per_second:.1f} messages a second outside outages:"
        yield str(self.summary)
        if self.trouble:
            yield f"Seed {self.seed}: {self.trouble}"
        if self.inconclusive:
            yield f"Seed {self.seed} does not count: {self.inconclusive}."

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Outcome":
        """Return the outcome that `as_json` saved."""
        return TypeAdapter(cls).validate_python(saved)

    def as_json(self) -> dict[str, Any]:
        verdict = {"status": self.status, "inconclusive": self.inconclusive}
        facts: dict[str, Any] = TypeAdapter(Outcome).dump_python(self, mode="json")
        return facts | verdict


def extended(promises: Promises, factor: float) -> Promises:
    return Promises(*(factor * seconds for seconds in astuple(promises)))


def fault_windows(executions: Sequence[Execution], factor: float = 1.0) -> list[FaultWindow]:
    """Return the windows in which the checker may expect less than the usual promises."""
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
    """Judge a run. `span` lasts from the start until the users were asked to stop."""
    violations, measured = run.check(), Measurements(run.histories, run.listeners)
    outages = [one.window for one in executions if one.kind.outage]
    judges = (FaultJudge(one, executions, measured, alone=alone) for one in executions)
    return Outcome(
        seed=seed,
        seconds=span[1] - span[0],
        summary=summarize_run(run, violations),
        per_second=measured.rate_outside(span, outages),
        least_per_second=least_per_second,
        violations=[str(one) for one in violations[:MAX_VIOLATIONS_SHOWN]],
        trouble=trouble,
        rows=[judge.result(span[0]) for judge in judges],
    )

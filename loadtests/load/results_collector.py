"""Collects the series of a run, in the process that runs alone or in the master.

It prints a line per second and performs the shape's actions. At the end it writes the series,
prints the verdict and returns the exit status.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import gevent

from loadtests.lib.console import log
from loadtests.lib.measurements.limits import bottleneck
from loadtests.lib.measurements.series import (
    CONNECT,
    DELIVER,
    SEND,
    Annotation,
    Second,
    Series,
)
from loadtests.load import shape_actions, verdict
from loadtests.load.run import LoadRun
from loadtests.shapes import Action

PERCENTILE = 99


class ResultsCollector:
    def __init__(self, run: LoadRun, late_seconds: float) -> None:
        """`late_seconds` is how long after the end of a second its results are complete."""
        self._run, self._late = run, late_seconds
        self.series = Series(run.plan.facts())

    def start(self) -> None:
        self.series = Series(self._run.plan.facts())
        self._run.start(time.time())
        for action, perform in (
            # Does nothing here, because each process drops its own connections.
            (Action.DROP, lambda: None),
            (Action.DEPLOY, lambda: shape_actions.deploy(self._run, self.note, self.fail)),
        ):
            noted = self._noted(action, perform)
            self._run.background.spawn(shape_actions.run_scheduled, self._run, action, noted)
        self._run.background.spawn(self._print_lines)

    def add(self, seconds: Iterable[Second]) -> None:
        for second in seconds:
            self.series.add(second)

    def fail(self, text: str) -> None:
        """Note that an action of the shape failed. The rest of the run then proves nothing."""
        self.note(text, failed=True)

    def note(self, text: str, *, failed: bool = False) -> None:
        self.series.annotations.append(Annotation(time.time(), text, failed))
        log(f"{self._run.elapsed:5.0f} s  {text}")

    def finish(self) -> int:
        """Write the series; return the exit status."""
        if self._run.plan.series:
            self.series.write(Path(self._run.plan.series))
        return verdict.exit_status(verdict.judge(self.series, self._run.plan.limits))

    def print_verdict(self) -> None:
        plan = self._run.plan
        print(f"\n{verdict.table(verdict.judge(self.series, plan.limits))}\n")
        print(verdict.generator_sentence(self.series, plan.delivery_us))
        print(bottleneck(self.series, plan.limits) or "The generator kept up.", flush=True)

    def _noted(self, action: Action, perform: Callable[[], None]) -> Callable[[], None]:
        def note_and_perform() -> None:
            self.note(action.value)
            perform()

        return note_and_perform

    def _print_lines(self) -> None:
        """Print each second once it is complete."""
        at = int(self._run.started_at)
        while True:
            gevent.sleep(max(0.0, at + self._late - time.time()))
            if second := self.series.seconds.get(at):
                log(second_line(at - self._run.started_at, second))
            at += 1


def second_line(elapsed: float, second: Second) -> str:
    """Return one second of a run as a line of text."""
    replicas = ", ".join(f"{name} {count}" for name, count in sorted(second.connections.items()))
    latencies = [
        f"{kind} {second.latency(kind).percentile_ms(PERCENTILE):.0f} ms"
        for kind in (CONNECT, SEND, DELIVER)
        if second.latency(kind).count
    ]
    cpu = max((one.cpu_percent for one in second.generators.values()), default=0.0)
    lag = max((one.lag_ms for one in second.generators.values()), default=0.0)
    return (
        f"{elapsed:5.0f} s  {second.users} users  {second.connections.total()} connections"
        f"{f' ({replicas})' if replicas else ''}  {second.latency(SEND).count} sends/s  "
        f"{second.latency(DELIVER).count} deliveries/s  "
        f"p{PERCENTILE} {' '.join(latencies) or '-'}  "
        f"failures {second.failures.total()}  "
        f"order errors {second.order_errors.total()}  "
        f"generator {cpu:.0f} % {lag:.0f} ms late"
    )

"""The one who keeps the run's series: Locust alone, or the master of several.

Prints the live line, notes what is done to everybody, and at the end writes the series, prints the
table and gives the exit status.
"""

import time
from collections.abc import Callable, Iterable

import gevent

from loadtests.lib.console import log
from loadtests.load import generator_usage, shape_actions, verdict
from loadtests.load.progress_line import line
from loadtests.load.run import Run
from loadtests.load.run_series import Mark, Second, Series
from loadtests.shapes.shape import Deed


class Book:
    def __init__(self, run: Run, late_seconds: float) -> None:
        """`late_seconds` is how long after its end a second is whole."""
        self._run, self._late = run, late_seconds
        self.series = Series(run.plan.facts())

    def begin(self) -> None:
        self.series = Series(self._run.plan.facts())
        self._run.start(time.time())
        for deed, act in (
            (Deed.DROP, lambda: None),
            (Deed.DEPLOY, lambda: shape_actions.deploy(self._run, self.note, self.fail)),
        ):
            self._run.followers.spawn(shape_actions.follow, self._run, deed, self._noted(deed, act))
        self._run.followers.spawn(self._print_lines)

    def add(self, seconds: Iterable[Second]) -> None:
        for second in seconds:
            self.series.add(second)

    def fail(self, text: str) -> None:
        """Note that something was not done that the shape does: what follows shows nothing."""
        self.note(text, failed=True)

    def note(self, text: str, *, failed: bool = False) -> None:
        self.series.marks.append(Mark(time.time(), text, failed))
        log(f"{self._run.elapsed:5.0f} s  {text}")

    def finish(self) -> int:
        """Write the series; return the exit status."""
        if self._run.plan.series:
            self.series.write(self._run.plan.series_path)
        return verdict.exit_status(verdict.judge(self.series, self._run.plan.limits))

    def print_verdict(self) -> None:
        """Print what came of it."""
        rows = verdict.judge(self.series, self._run.plan.limits)
        slow = verdict.bottleneck(self.series, self._run.plan.limits)
        print(
            f"\n{verdict.table(rows)}\n\n"
            f"{generator_usage.sentence(self.series, self._run.plan.ceiling_us)}"
        )
        print(slow or "The generator kept up.", flush=True)

    def _noted(self, deed: Deed, act: Callable[[], None]) -> Callable[[], None]:
        def noted() -> None:
            self.note(deed.value)
            act()

        return noted

    def _print_lines(self) -> None:
        """Print a second once it is whole, then the next."""
        at = int(self._run.began)
        while True:
            gevent.sleep(max(0.0, at + self._late - time.time()))
            if second := self.series.seconds.get(at):
                log(line(at - self._run.began, second))
            at += 1

"""The record of a run: the histories, the log and the faults.

`run_files` writes the record to a folder. From there the run can be checked again on any machine.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from loadtests.lib.checker.check import check
from loadtests.lib.checker.fault_windows import Deadlines, FaultWindow, Promises
from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import History


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """Everything that the checker needs to judge a run.

    `listeners` are the clients that have busy rooms open throughout the run.
    """

    histories: Sequence[History]
    log: Log
    left_early: Collection[str] = ()
    listeners: Collection[str] = ()
    windows: Sequence[FaultWindow] = ()
    promises: Promises = field(default_factory=Promises)

    def check(self) -> list[Violation]:
        deadlines = Deadlines(self.promises, self.windows)
        return check(self.histories, self.log, left_early=self.left_early, deadlines=deadlines)

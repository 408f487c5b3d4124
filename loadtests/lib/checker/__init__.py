"""The checker: it compares the histories of clients with the event log and returns violations.

It finds lost, duplicated, reordered and leaked messages, and wrong presence. It never uses the code
that it judges.
"""

from loadtests.lib.checker.check import check, format_violations
from loadtests.lib.checker.fault_windows import Deadlines, FaultWindow, Promises
from loadtests.lib.checker.log import Log, read_log
from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.checker.run_files import read_run, write_run
from loadtests.lib.checker.subscriptions import OrderChecker
from loadtests.lib.checker.summary import Summary, summarize_run
from loadtests.lib.checker.violation import Violation

__all__ = [
    "Deadlines",
    "FaultWindow",
    "Log",
    "OrderChecker",
    "Promises",
    "RecordedRun",
    "Summary",
    "Violation",
    "check",
    "format_violations",
    "read_log",
    "read_run",
    "summarize_run",
    "write_run",
]

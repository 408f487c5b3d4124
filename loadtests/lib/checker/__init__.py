"""The one checker: histories of clients and the log in, faults found out."""

from loadtests.lib.checker.check import check, explain
from loadtests.lib.checker.fault import Fault
from loadtests.lib.checker.fault_windows import Patience, Promises, Window
from loadtests.lib.checker.log import Log, read_log
from loadtests.lib.checker.recorded_run import Run
from loadtests.lib.checker.run_files import read_run, write_run
from loadtests.lib.checker.subscriptions import Order
from loadtests.lib.checker.summary import Summary, summarise

__all__ = [
    "Fault",
    "Log",
    "Order",
    "Patience",
    "Promises",
    "Run",
    "Summary",
    "Window",
    "check",
    "explain",
    "read_log",
    "read_run",
    "summarise",
    "write_run",
]

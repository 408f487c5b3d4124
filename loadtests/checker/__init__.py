"""The one checker: histories of clients and the log in, faults found out."""

from loadtests.checker.check import check, explain
from loadtests.checker.fault import Fault
from loadtests.checker.log import Log, read_log
from loadtests.checker.record import read_run, write_run
from loadtests.checker.run import Run
from loadtests.checker.subscriptions import Order
from loadtests.checker.summary import Summary, summarise
from loadtests.checker.windows import Patience, Promises, Window

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

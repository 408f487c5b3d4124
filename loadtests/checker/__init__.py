"""The one checker: histories of clients and the log in, faults found out."""

from loadtests.checker.check import check, explain
from loadtests.checker.fault import Fault
from loadtests.checker.log import Log, read_log
from loadtests.checker.subscriptions import Order

__all__ = ["Fault", "Log", "Order", "check", "explain", "read_log"]

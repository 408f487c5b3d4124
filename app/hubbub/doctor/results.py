"""The result of a check: a status, what the check found, and how to fix it. Pure.

The checks create results, and `report` shows them. Grey means that the doctor cannot check this
from here, which is not the same as green. Only red results make the command fail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _


class Status(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"  # works, and could be better
    RED = "red"  # broken, or about to break
    GREY = "grey"  # cannot be checked from here


@dataclass(frozen=True, slots=True)
class CheckResult:
    check: str  # a stable id, for scripts
    status: Status
    message: str
    fix: str = ""


def green(check: str, message: str) -> CheckResult:
    return CheckResult(check, Status.GREEN, message)


def yellow(check: str, message: str, fix: str) -> CheckResult:
    return CheckResult(check, Status.YELLOW, message, fix)


def red(check: str, message: str, fix: str) -> CheckResult:
    return CheckResult(check, Status.RED, message, fix)


def grey(check: str, message: str, fix: str = "") -> CheckResult:
    return CheckResult(check, Status.GREY, message, fix)


def describe_error(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _("timed out")
    return str(error).strip() or type(error).__name__


def exit_code(results: Iterable[CheckResult]) -> int:
    return int(any(result.status is Status.RED for result in results))

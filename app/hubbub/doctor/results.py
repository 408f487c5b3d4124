"""What the doctor found: a colour, what is so, and how to mend it. Pure.

Made by `checks`, shown by `report`. Grey says that something cannot be seen from here; it is not
"well". Only red makes the examination fail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _


class Colour(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"  # works, and could be better
    RED = "red"  # broken, or about to break
    GREY = "grey"  # cannot be seen from here


@dataclass(frozen=True, slots=True)
class Finding:
    check: str  # a name that stays the same, for scripts
    colour: Colour
    says: str
    mend: str = ""


def green(check: str, says: str) -> Finding:
    return Finding(check, Colour.GREEN, says)


def yellow(check: str, says: str, mend: str) -> Finding:
    return Finding(check, Colour.YELLOW, says, mend)


def red(check: str, says: str, mend: str) -> Finding:
    return Finding(check, Colour.RED, says, mend)


def grey(check: str, says: str, mend: str = "") -> Finding:
    return Finding(check, Colour.GREY, says, mend)


def reason_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _("nothing came in time")
    return str(error).strip() or type(error).__name__


def exit_code(findings: Iterable[Finding]) -> int:
    return int(any(finding.colour is Colour.RED for finding in findings))

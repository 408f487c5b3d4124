"""Formats results: coloured lines for a terminal, one JSON object for scripts. Pure."""

import json
from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext as _

from hubbub.doctor.results import CheckResult, Status, exit_code

ANSI = {Status.GREEN: 32, Status.YELLOW: 33, Status.RED: 31, Status.GREY: 90}
NAME_COLUMNS = 18


def line(result: CheckResult, coloured: bool) -> str:
    """Return the result as a line, with the fix on a second line if there is one."""
    word = f"{result.status:<6}"
    if coloured:
        word = f"\x1b[{ANSI[result.status]}m{word}\x1b[0m"
    text = f"{word}  {result.check:<{NAME_COLUMNS}} {result.message}"
    return f"{text}\n{' ' * (NAME_COLUMNS + 9)}→ {result.fix}" if result.fix else text


def summary(results: Sequence[CheckResult]) -> str:
    counts = Counter(result.status for result in results)
    values = {str(status): counts[status] for status in Status}
    return _("%(green)d green, %(yellow)d yellow, %(red)d red, %(grey)d grey.") % values


def as_json(url: str, version: str, results: Sequence[CheckResult]) -> str:
    rows = [
        {"check": each.check, "status": each.status, "message": each.message, "fix": each.fix}
        for each in results
    ]
    report = {"url": url, "version": version, "exit": exit_code(results), "results": rows}
    return json.dumps(report, ensure_ascii=False, indent=2)

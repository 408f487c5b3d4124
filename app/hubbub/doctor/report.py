"""How findings look: coloured lines for people, one JSON object for machines. Pure."""

import json
from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext as _

from hubbub.doctor.results import Colour, Finding, exit_code

ANSI = {Colour.GREEN: 32, Colour.YELLOW: 33, Colour.RED: 31, Colour.GREY: 90}
NAME_COLUMNS = 18


def line(finding: Finding, coloured: bool) -> str:
    """Return the finding as a line, and how to mend it as one below."""
    word = f"{finding.colour:<6}"
    if coloured:
        word = f"\x1b[{ANSI[finding.colour]}m{word}\x1b[0m"
    text = f"{word}  {finding.check:<{NAME_COLUMNS}} {finding.says}"
    return f"{text}\n{' ' * (NAME_COLUMNS + 9)}→ {finding.mend}" if finding.mend else text


def summary(findings: Sequence[Finding]) -> str:
    counted = Counter(finding.colour for finding in findings)
    facts = {str(colour): counted[colour] for colour in Colour}
    return _("%(green)d green, %(yellow)d yellow, %(red)d red, %(grey)d grey.") % facts


def as_json(url: str, version: str, findings: Sequence[Finding]) -> str:
    found = [
        {"check": one.check, "status": one.colour, "message": one.says, "fix": one.mend}
        for one in findings
    ]
    told = {"url": url, "version": version, "exit": exit_code(findings), "results": found}
    return json.dumps(told, ensure_ascii=False, indent=2)

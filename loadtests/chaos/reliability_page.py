"""docs/reliability.md: the tables of what is promised of each fault, and what was measured.

One is of runs with each fault alone, one of runs with faults side by side. Of several runs the
worst is told. Only what ended with status 0 is written: a failed run holds no promise.
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from loadtests.chaos.fault_catalogue import KINDS
from loadtests.chaos.fault_kind import Kind
from loadtests.chaos.outcome import Outcome, Row
from loadtests.lib.checker.violation import CATEGORIES
from loadtests.lib.reporting.markdown import replace_section
from loadtests.lib.servers.process import ROOT

PAGE = ROOT / "docs/reliability.md"
MARKER, MARKER_ALONE = "chaos", "chaos-alone"
HEAD = "| fault | for | times | longest silence | p99 of delivery | answered again | {held} |"
# Side by side the more patient promise of those counts that were there.
HELD, HELD_ALONE = "held, others beside it", "promise held"


def write(
    outcomes: Sequence[Outcome], machine: dict[str, Any], page: Path = PAGE, *, alone: bool = False
) -> None:
    """Write a table. Raises ValueError where a run failed: it holds no promise."""
    if any(outcome.status for outcome in outcomes):
        raise ValueError("only runs of status 0 are written")
    marker = MARKER_ALONE if alone else MARKER
    table = text(outcomes, machine, alone=alone)
    page.write_text(replace_section(page.read_text(), marker, table))


def text(outcomes: Sequence[Outcome], machine: dict[str, Any], *, alone: bool = False) -> str:
    rows = [row for outcome in outcomes for row in outcome.rows]
    lines = [_line(kind, [row for row in rows if row.name == kind.name]) for kind in KINDS]
    head = HEAD.format(held=HELD_ALONE if alone else HELD)
    table = "\n".join([head, "|---|---|---|---|---|---|---|", *filter(None, lines)])
    return f"{_head(outcomes, machine)}\n\n{table}"


def _head(outcomes: Sequence[Outcome], machine: dict[str, Any]) -> str:
    seeds = ", ".join(str(outcome.seed) for outcome in outcomes)
    summaries = [outcome.summary for outcome in outcomes]
    found = [f"{sum(one.faults[name] for one in summaries)} {name}" for name in CATEGORIES]
    return (
        f"Measured by `make chaos` on {machine['at'][:10]} at commit {machine['commit']}: "
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, "
        f"{machine['system']}; seeds {seeds}, {sum(one.seconds for one in outcomes):.0f} s in all. "
        f"{sum(one.acknowledged for one in summaries)} messages acknowledged, "
        f"{sum(one.delivered for one in summaries)} deliveries; {', '.join(found)}. In brackets: "
        "what is promised, in seconds. Of all runs the worst is told."
    )


def _line(kind: Kind, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    held = sum(row.kept for row in rows)
    silence = _worst(rows, operator.attrgetter("silence"), kind.promise.silence)
    delivery = _worst(rows, operator.attrgetter("delivery"), kind.promise.delivery)
    answered = _worst(rows, operator.attrgetter("answered"), kind.promise.answered)
    cells = (kind.title, f"{kind.seconds:g} s", len(rows), silence, delivery, answered)
    return f"| {' | '.join(map(str, cells))} | {held} of {len(rows)} |"


def _worst(
    rows: Iterable[Row], value: Callable[[Row], float | None], promised: float | None
) -> str:
    measured = [found for row in rows if (found := value(row)) is not None]
    if not measured:
        return ""
    return f"{max(measured):.1f} s" + (f" ({promised:g})" if promised is not None else "")

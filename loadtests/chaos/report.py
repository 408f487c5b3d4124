"""The tables of docs/reliability.md: the limits of each fault, and what was measured.

One table is for runs with one fault at a time, the other for runs with several faults side by side.
Each table shows the worst figure of several runs. Only runs with status 0 are written: a failed run
proves nothing.
"""

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from loadtests.chaos.fault_catalogue import FAULT_KINDS
from loadtests.chaos.fault_kind import FaultKind
from loadtests.chaos.judgement import FaultResult
from loadtests.chaos.outcome import Outcome
from loadtests.lib.checker.violation import CATEGORIES
from loadtests.lib.machine import Machine, hardware, measured_by
from loadtests.lib.reporting import markdown
from loadtests.lib.reporting.blocks import Block, Paragraph, Table
from loadtests.lib.servers.process import ROOT

PAGE = ROOT / "docs/reliability.md"
SECTION, SECTION_ALONE = "chaos", "chaos-alone"
HEADER = ["fault", "for", "times", "longest silence", "p99 of delivery", "acknowledged again"]
# When faults run side by side, the longest of their limits counts.
WITHIN, WITHIN_ALONE = "within limits, others included", "within limits"


def write(
    outcomes: Sequence[Outcome], machine: Machine, page: Path = PAGE, *, alone: bool = False
) -> None:
    """Write a table. Raises ValueError if a run failed."""
    if any(outcome.status for outcome in outcomes):
        raise ValueError("only runs of status 0 are written")
    section = SECTION_ALONE if alone else SECTION
    markdown.write_section(page, section, _blocks(outcomes, machine, alone=alone))


def _blocks(outcomes: Sequence[Outcome], machine: Machine, *, alone: bool) -> Iterator[Block]:
    seeds = ", ".join(str(outcome.seed) for outcome in outcomes)
    summaries = [outcome.summary for outcome in outcomes]
    violations = [f"{sum(one.violations[name] for one in summaries)} {name}" for name in CATEGORIES]
    yield Paragraph(
        f"{measured_by('make chaos', machine)}: {hardware(machine)}, {machine['system']}; "
        f"seeds {seeds}, {sum(one.seconds for one in outcomes):.0f} s in all. "
        f"{sum(one.acknowledged for one in summaries)} messages acknowledged, "
        f"{sum(one.delivered for one in summaries)} deliveries; {', '.join(violations)}. Limits "
        "are in brackets, in seconds. Each figure is the worst of all runs."
    )
    rows = [row for outcome in outcomes for row in outcome.rows]
    by_kind = [(kind, [row for row in rows if row.name == kind.name]) for kind in FAULT_KINDS]
    cells = [_cells(kind, of_kind) for kind, of_kind in by_kind if of_kind]
    yield Table([*HEADER, WITHIN_ALONE if alone else WITHIN], cells)


def _cells(kind: FaultKind, rows: Sequence[FaultResult]) -> list[str]:
    within = sum(row.within_limits for row in rows)
    return [
        kind.title,
        f"{kind.seconds:g} s",
        f"{len(rows)}",
        _worst(rows, operator.attrgetter("silence"), kind.limits.silence),
        _worst(rows, operator.attrgetter("delivery"), kind.limits.delivery),
        _worst(rows, operator.attrgetter("recovery"), kind.limits.recovery),
        f"{within} of {len(rows)}",
    ]


def _worst(
    rows: Iterable[FaultResult], value: Callable[[FaultResult], float | None], limit: float | None
) -> str:
    measured = [figure for row in rows if (figure := value(row)) is not None]
    if not measured:
        return ""
    return f"{max(measured):.1f} s" + (f" ({limit:g})" if limit is not None else "")

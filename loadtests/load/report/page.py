"""report.html: what the folder of a run has, put into the template beside this file."""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from loadtests.lib import exit_codes
from loadtests.lib.monitoring.time_series import Samples, read
from loadtests.lib.reporting.charts import Chart, svg
from loadtests.load import generator_usage, verdict
from loadtests.load.plan import Limits
from loadtests.load.report import client_charts, server_charts
from loadtests.load.report.windows import windows
from loadtests.load.run_series import FAULTS, KINDS, Series

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PERCENTILES = (50.0, 90.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Drawn:
    title: str
    note: str
    picture: Markup


def write(folder: Path) -> Path:
    """Make the report of the run in a folder; return its path. Raises OSError where none is."""
    series = Series.read(folder / "series.json")
    samples, machine = folder / "samples.jsonl", folder / "machine.json"
    html = render(
        series,
        read(samples) if samples.exists() else None,
        json.loads(machine.read_text()) if machine.exists() else {},
        locust="locust.html" if (folder / "locust.html").exists() else "",
    )
    page = folder / "report.html"
    page.write_text(html)
    return page


def render(
    series: Series, samples: Samples | None, machine: dict[str, Any], locust: str = ""
) -> str:
    """Return the page; `locust` is the address of Locust's own report, where there is one."""
    limits = limits_of(series)
    rows = verdict.judge(series, limits)
    facts = series.facts
    began = min(series.seconds, default=0)
    seen = windows(series)
    seconds = float(max(series.seconds, default=0) - began + 1)
    ours = [replace(one, marks=_marks(series, began)) for one in client_charts.charts(seen, limits)]
    theirs = list(server_charts.charts(_shifted(samples, began))) if samples else []
    return TEMPLATES.get_template("page.html").render(
        facts=facts,
        began=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(began)),
        seconds=seconds,
        rows=rows,
        status=_status(rows),
        bottleneck=verdict.bottleneck(series, limits),
        cost=generator_usage.sentence(series, facts.get("ceiling_us", 0.0)),
        totals=_totals(series),
        latencies=_latencies(series),
        marks=[(mark.at - began, mark.text) for mark in series.marks],
        met=_drawn(ours, "met", seconds),
        used=_drawn(theirs, "used", seconds),
        not_met=[chart.title for chart in ours if chart.empty],
        not_used=[chart.title for chart in theirs if chart.empty],
        counted=list(server_charts.counted(samples)) if samples else [],
        samples=samples,
        machine=machine,
        local=facts.get("local", False),
        locust=locust,
    )


def limits_of(series: Series) -> Limits:
    """Return what the run was held to when it ran."""
    return Limits(**series.facts.get("limits", {}))


def _status(rows: list[verdict.Row]) -> str:
    missed = [row.what for row in rows if row.verdict == verdict.MISSED]
    if missed:
        return f"Missed: {', '.join(missed)}"
    if verdict.exit_status(rows) == exit_codes.GENERATOR_LIMITED:
        return "Nothing was lost; latencies are not judged"
    return "Every limit was met"


def _totals(series: Series) -> list[tuple[str, str]]:
    total, seconds = series.total(), series.in_order()
    people = max((second.users for second in seconds), default=0)
    sockets = max((sum(second.sockets.values()) for second in seconds), default=0)
    failed = {kind: count for kind, count in total.failures.items() if count}
    return [
        ("people at once, at most", f"{people:,}"),
        ("sockets at once, at most", f"{sockets:,}"),
        *((f"{kind}s", f"{total.faults.get(kind, 0):,}") for kind in FAULTS),
        ("entries of sockets whose order was checked", f"{total.checked:,}"),
        ("sockets lost", f"{total.lost:,}"),
        ("messages that came late to who was away by choice", f"{total.caught_up:,}"),
        *((f"failures of {kind}", f"{count:,}") for kind, count in sorted(failed.items())),
    ]


def _latencies(series: Series) -> list[tuple[str, int, list[str]]]:
    """Return each kind with its number and its percentiles in ms, the last of which is the most."""
    total = series.total()
    return [
        (kind, measured.count, [_ms(measured.percentile_ms(p)) for p in (*PERCENTILES, 100.0)])
        for kind in KINDS
        if (measured := total.latencies.get(kind)) and measured.count
    ]


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _marks(series: Series, began: int) -> list[float]:
    return [mark.at - began for mark in series.marks]


def _shifted(samples: Samples, began: int) -> Samples:
    """Return the samples in seconds since the run began, which is not when the sampling did."""
    late = samples.began_at - began
    return replace(samples, rows=[(at + late, parts) for at, parts in samples.rows])


def _drawn(charts: list[Chart], name: str, seconds: float) -> list[Drawn]:
    return [
        Drawn(chart.title, chart.note, Markup(svg(chart, f"{name}{number}", seconds)))
        for number, chart in enumerate(charts)
        if not chart.empty
    ]

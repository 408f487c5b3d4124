"""Writes report.html: shows the contents of a run's folder as blocks of loadtests/lib/reporting."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from loadtests.lib import exit_codes
from loadtests.lib.machine import Machine, hardware, listed_versions
from loadtests.lib.measurements.limits import RunLimits, bottleneck
from loadtests.lib.measurements.series import KINDS, ORDER_ERRORS, Series
from loadtests.lib.monitoring.time_series import Samples, read
from loadtests.lib.reporting import html
from loadtests.lib.reporting.blocks import Block, Charts, Heading, Paragraph, Table
from loadtests.lib.reporting.charts import Chart
from loadtests.lib.reporting.numbers import fixed
from loadtests.load import verdict
from loadtests.load.report import client_charts, server_charts
from loadtests.load.report.run_windows import windows
from loadtests.load.verdict import LimitResult

PERCENTILES = {"p50 ms": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}


def write(folder: Path) -> Path:
    """Write the report of the run in a folder. Return the report's path.

    Raises OSError if the folder contains no run, and UnknownVersionError if another version of the
    load tests wrote the run.
    """
    series = Series.read(folder / "series.json")
    samples, machine = folder / "samples.jsonl", folder / "machine.json"
    page = folder / "report.html"
    page.write_text(
        render(
            series,
            read(samples) if samples.exists() else None,
            json.loads(machine.read_text()) if machine.exists() else {},
            locust="locust.html" if (folder / "locust.html").exists() else "",
        )
    )
    return page


def render(series: Series, samples: Samples | None, machine: Machine, locust: str = "") -> str:
    """Return the page. `locust` is the address of Locust's own report, if there is one."""
    facts = series.facts
    title = f"Load: {facts['shape']}, {facts['users']} users"
    blocks = [
        *_summary(series, locust),
        *_clients(series),
        *_servers(series, samples),
        *_machine(machine, local=facts.get("local", False)),
    ]
    return html.render(title, f"Load on {facts['host']}", blocks)


def limits_of(series: Series) -> RunLimits:
    """Return the limits that applied at the time of the run."""
    return RunLimits(**series.facts.get("limits", {}))


def _summary(series: Series, locust: str) -> Iterator[Block]:
    facts, limits = series.facts, limits_of(series)
    rows = verdict.judge(series, limits)
    started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(_started(series)))
    yield Paragraph(
        f"Shape {facts['shape']}: {facts['users']} users, {facts['rate']} messages a second, "
        f"{_seconds(series)} s. Started {started}, run {facts['run_id']}.",
        "soft",
    )
    yield _status(rows)
    slow = bottleneck(series, limits)
    yield Paragraph(slow or "The generator kept up.", "not-judged" if slow else "")
    yield Paragraph(verdict.generator_sentence(series, facts.get("delivery_us", 0.0)), "soft")
    if locust:
        link = Markup('<a href="{}">Locust\'s own report</a>').format(locust)
        yield Paragraph(link + " lists all requests by name and all failures.")
    yield Heading("Limits")
    cells = [(row.name, row.measured, row.limit, row.verdict) for row in rows]
    yield Table(["", "measured", "limit", ""], cells, numeric=(1, 2))


def _clients(series: Series) -> Iterator[Block]:
    started, seconds = _started(series), _seconds(series)
    marks = [one.at - started for one in series.annotations]
    charts = client_charts.charts(windows(series), limits_of(series))
    yield Heading("Over the whole run")
    header = ["", "count", *PERCENTILES]
    yield Table(header, _latencies(series), numeric=range(1, len(header)))
    yield Table([], _totals(series), numeric=(1,))
    yield Heading("What users experienced")
    if series.annotations:
        done = ", ".join(f"{one.text} ({one.at - started:.0f} s)" for one in series.annotations)
        yield Paragraph(f"Dotted lines in the charts mark what was done during the run: {done}.")
    yield from _charts([replace(chart, marks=marks) for chart in charts], "clients", seconds)


def _servers(series: Series, samples: Samples | None) -> Iterator[Block]:
    yield Heading("What the servers reported and used")
    if samples is None:
        yield Paragraph(
            "The servers were not monitored: to see them here, give the addresses of their metrics "
            "(--metrics)."
        )
        return
    charts = list(server_charts.charts(_shifted(samples, _started(series))))
    yield from _charts(charts, "servers", _seconds(series))
    if samples.unseen:
        yield Paragraph(f"Not monitored: {'; '.join(samples.unseen)}.")
    for what, why in samples.failures.items():
        yield Paragraph(f"Not always monitored: {what} ({why}).")
    if counted := list(server_charts.counted(samples)):
        yield Heading("What the servers counted")
        yield Table([], [_counted_row(*one) for one in counted], numeric=(1,))


def _machine(machine: Machine, *, local: bool) -> Iterator[Block]:
    yield Heading("Machine and versions")
    if not machine:
        yield Paragraph("The run did not record its machine.")
        return
    ran = "The generator, and everything that it loads," if local else "The generator"
    yield Paragraph(
        f"{ran} ran on {hardware(machine)}, {machine['system']}, at commit {machine['commit']} "
        "(a + means that files differ from it)."
    )
    yield Paragraph(f"{listed_versions(machine)}.", "soft")


def _charts(charts: list[Chart], name: str, seconds: float) -> Iterator[Block]:
    yield Charts(charts, name, seconds)
    if empty := [chart.title for chart in charts if chart.empty]:
        yield Paragraph(f"Without data, and not drawn: {'; '.join(empty)}.", "soft")


def _started(series: Series) -> int:
    return min(series.seconds, default=0)


def _seconds(series: Series) -> float:
    return float(max(series.seconds, default=0) - _started(series) + 1)


def _status(rows: list[LimitResult]) -> Paragraph:
    if missed := [row.name for row in rows if row.verdict == verdict.MISSED]:
        return Paragraph(f"Missed: {', '.join(missed)}", "status missed")
    if verdict.exit_status(rows) == exit_codes.GENERATOR_LIMITED:
        return Paragraph("Nothing was lost; latencies are not judged", "status not-judged")
    return Paragraph("Every limit was met", "status met")


def _totals(series: Series) -> list[tuple[str, str]]:
    total, seconds = series.total(), series.in_order()
    counts = {
        "users at the same time, at most": max((one.users for one in seconds), default=0),
        "connections at the same time, at most": max(
            (one.connections.total() for one in seconds), default=0
        ),
        **{kind: total.order_errors[kind] for kind in ORDER_ERRORS},
        "events whose order was checked": total.checked,
        "connections lost": total.lost,
        "messages that came late to users who were away by choice": total.caught_up,
        **{f"failures of {kind}": count for kind, count in sorted(total.failures.items()) if count},
    }
    return [(what, f"{count:,}") for what, count in counts.items()]


def _latencies(series: Series) -> list[list[str]]:
    """Return a row for each kind: its count and its percentiles in ms."""
    total = series.total()
    return [
        [
            kind,
            f"{measured.count:,}",
            *(fixed(measured.percentile_ms(p), 1) for p in PERCENTILES.values()),
        ]
        for kind in KINDS
        if (measured := total.latencies.get(kind)) and measured.count
    ]


def _counted_row(what: str, parts: dict[str, float]) -> list[str]:
    listed = ", ".join(f"{part} {count:,.0f}" for part, count in parts.items())
    return [what, f"{sum(parts.values()):,.0f}", listed]


def _shifted(samples: Samples, started: int) -> Samples:
    """Return the samples with times in seconds since the start of the run.

    The samples themselves count from the time at which the sampling started.
    """
    late = samples.began_at - started
    return replace(samples, rows=[(at + late, parts) for at, parts in samples.rows])

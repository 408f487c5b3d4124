"""Writes docs/capacity.json, the plot, and the section of docs/operations.md about the capacity."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loadtests.capacity.criteria import REPLICA
from loadtests.lib.machine import hardware
from loadtests.lib.reporting import markdown
from loadtests.lib.reporting.blocks import Block, Bullets, Image, Paragraph, Table
from loadtests.lib.reporting.charts import HUBBUB_COLOUR, NEUTRAL_COLOUR, figure_file
from loadtests.lib.reporting.numbers import fixed
from loadtests.lib.servers.process import ROOT

FILE = ROOT / "docs/capacity.json"
PAGE = ROOT / "docs/operations.md"
PLOT = ROOT / "docs/images/capacity.svg"
CONNECTIONS, MESSAGES = "connections", "messages"
COLUMNS = {  # column title: (field of a step, digits after the decimal point)
    "connections": ("connections", 0),
    "messages/s": ("messages_per_second", 0),
    "acknowledged/s": ("acked_per_second", 0),
    "deliveries/s": ("deliveries_per_second", 0),
    "p99 ms": ("delivery_p99_ms", 1),
    "CPU %": ("cpu_percent", 0),
    "MiB": ("memory_mib", 0),
    "errors": ("errors", 0),
    "generator CPU %": ("generator_percent", 0),
    "machine %": ("machine_percent", 0),
}


def write(result: dict[str, Any], file: Path = FILE, page: Path = PAGE, plot: Path = PLOT) -> None:
    file.write_text(json.dumps(result, indent=1) + "\n")
    draw(result, plot)
    markdown.write_section(page, "capacity", _blocks(result))


def text(result: dict[str, Any]) -> str:
    """Return the section in Markdown. It contains nothing that is not in the JSON file."""
    return markdown.render(_blocks(result))


def draw(result: dict[str, Any], file: Path) -> None:
    """Plot p99 and CPU against connections, and against messages per second."""
    criteria = result["criteria"]
    rows = (
        ("delivery_p99_ms", "p99 of a delivery, ms", criteria["delivery_p99_ms"]),
        ("cpu_percent", "% of a core", criteria["cpu_percent"]),
    )
    columns = (
        (CONNECTIONS, "connections", "connections, asked for"),
        (MESSAGES, "messages_per_second", "messages/s, asked for"),
    )
    with figure_file(file, 8, 5.6) as figure:
        panels = figure.subplots(2, 2, sharex="col", sharey="row")
        for column, (kind, amount, label) in enumerate(columns):
            steps = sorted(result[kind]["steps"], key=lambda step: step[amount])
            for row, (measure, _, limit) in enumerate(rows):
                axes = panels[row][column]
                known = [(s[amount], s[measure]) for s in steps if s[measure] is not None]
                xs, ys = [x for x, _ in known], [y for _, y in known]
                axes.plot(xs, ys, marker="o", color=HUBBUB_COLOUR)
                axes.axhline(limit, color=NEUTRAL_COLOUR, linestyle="--", linewidth=1)
                axes.grid(alpha=0.3)
                axes.set_ylim(bottom=0)
            panels[1][column].set_xlabel(label)
        for row, (_, label, _) in enumerate(rows):
            panels[row][0].set_ylabel(label)
        figure.suptitle("One replica until a criterion (dashed) fails", fontsize="medium")


def _blocks(result: dict[str, Any]) -> Iterator[Block]:
    criteria, plan, machine = result["criteria"], result["plan_with"], result["machine"]
    yield Paragraph(
        f"A replica kept p99 of a delivery under {criteria['delivery_p99_ms']:g} ms, "
        f"{criteria['cpu_percent']:g} % of a core and {criteria['memory_mib']:g} MiB with"
    )
    yield Bullets([_connections(result), _messages(result)])
    yield Paragraph(
        f"Plan with half: **{plan['connections_per_replica']:,} connections and "
        f"{plan['messages_per_second_per_replica']:,} messages a second for each replica**. "
        "When a replica stops, its users reconnect to the others."
    )
    steps = [*result[CONNECTIONS]["steps"], *result[MESSAGES]["steps"]]
    rows = [[fixed(step[key], digits) for key, digits in COLUMNS.values()] for step in steps]
    yield Table(list(COLUMNS), rows, numeric=range(len(COLUMNS)))
    yield Image("Load raised until a criterion fails", "images/capacity.svg")
    yield Paragraph(
        f"Measured by `{result['command']}` on {machine['at'][:10]} at commit "
        f"{machine['commit']}: {result['setup']}; {hardware(machine)}, {machine['system']}, "
        f"Python {machine['versions']['python']}. All figures and versions are in "
        "[capacity.json](capacity.json)."
    )


def _connections(result: dict[str, Any]) -> str:
    seconds = result["seconds_between_messages"]
    return (
        f"**{result['connections_per_replica']:,} connections**, while each user sent a message "
        f"every {seconds:g} s. {_limit(result[CONNECTIONS], 'connections', result['replicas'])}"
    )


def _messages(result: dict[str, Any]) -> str:
    connections = max((step["connections"] for step in result[MESSAGES]["steps"]), default=0)
    return (
        f"**{result['messages_per_second_per_replica']:,} messages a second**, with "
        f"{connections // result['replicas']:,} connections. "
        f"{_limit(result[MESSAGES], 'messages a second', result['replicas'])}"
    )


def _limit(search: dict[str, Any], unit: str, replicas: int) -> str:
    limit = search["limit"]
    if limit is None:
        return "No more were tried: it may hold more."
    text = f"With {search['failed'] / replicas:,.0f} {unit}: {limit['reason']}."
    if limit["limited_by"] != REPLICA:
        text += f" That is the {limit['limited_by']}'s limit: the replica may hold more."
    return text

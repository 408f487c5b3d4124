"""docs/capacity.json, its plot, and what docs/operations.md says of them between its markers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from loadtests.capacity.criteria import REPLICA
from loadtests.lib.reporting.generated_sections import between_markers
from loadtests.lib.servers.process import ROOT

FILE = ROOT / "docs/capacity.json"
PAGE = ROOT / "docs/operations.md"
PLOT = ROOT / "docs/images/capacity.svg"
MARK = "capacity"
Steps = Sequence[dict[str, Any]]
COLUMNS = (
    *("sockets", "messages/s", "answered/s", "deliveries/s", "p99 ms", "CPU %", "MiB", "wrong"),
    *("generator CPU %", "machine %"),
)
SOCKETS, MESSAGES = "sockets", "messages"


def write(found: dict[str, Any], file: Path = FILE, page: Path = PAGE, plot: Path = PLOT) -> None:
    file.write_text(json.dumps(found, indent=1) + "\n")
    draw(found, plot)
    page.write_text(between_markers(page.read_text(), MARK, text(found)))


def text(found: dict[str, Any]) -> str:
    """Return what the page says, in Markdown; all of it follows from the file."""
    promise, plan = found["promise"], found["plan_with"]
    return "\n\n".join(
        [
            f"A replica kept p99 of a delivery under {promise['deliver_p99_ms']:g} ms, "
            f"{promise['cpu_percent']:g} % of a core and {promise['memory_mib']:g} MiB with",
            "\n".join([_sockets(found), _messages(found)]),
            f"Plan with half: **{plan['sockets_per_replica']:,} sockets and "
            f"{plan['messages_per_second_per_replica']:,} messages a second for each replica**. "
            "One that ends sends its people to the others.",
            _table(found),
            "![Load raised until a promise breaks](images/capacity.svg)",
            _head(found),
        ]
    )


def draw(found: dict[str, Any], file: Path) -> None:
    """Draw p99 and CPU against sockets and against messages, the same for the same figures."""
    with mpl.rc_context({"svg.hashsalt": "hubbub", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 5.6), layout="constrained")
        panels = figure.subplots(2, 2, sharex="col", sharey="row")
        limits = (found["promise"]["deliver_p99_ms"], found["promise"]["cpu_percent"])
        columns = ((SOCKETS, "sockets", "sockets"), (MESSAGES, "messages_per_second", "messages/s"))
        for column, (kind, amount, label) in enumerate(columns):
            steps = sorted(found[kind]["steps"], key=lambda step: step[amount])
            for row, measure in enumerate(("deliver_p99_ms", "cpu_percent")):
                axes = panels[row][column]
                seen = [(s[amount], s[measure]) for s in steps if s[measure] is not None]
                axes.plot([x for x, _ in seen], [y for _, y in seen], marker="o", color="#c2410c")
                axes.axhline(limits[row], color="#6b7280", linestyle="--", linewidth=1)
                axes.grid(alpha=0.3)
                axes.set_ylim(bottom=0)
            panels[1][column].set_xlabel(f"{label}, asked for")
        panels[0][0].set_ylabel("p99 of a delivery, ms")
        panels[1][0].set_ylabel("% of a core")
        figure.suptitle("One replica until a promise (dashed) breaks", fontsize="medium")
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, metadata={"Date": None})


def _sockets(found: dict[str, Any]) -> str:
    seconds = found["talk_seconds"]
    return (
        f"- **{found['sockets_per_replica']:,} sockets**, while each person said something every "
        f"{seconds:g} s. {_why(found[SOCKETS], 'sockets', found['replicas'])}"
    )


def _messages(found: dict[str, Any]) -> str:
    sockets = max((step["sockets"] for step in found[MESSAGES]["steps"]), default=0)
    return (
        f"- **{found['messages_per_second_per_replica']:,} messages a second**, with "
        f"{sockets // found['replicas']:,} sockets. "
        f"{_why(found[MESSAGES], 'messages a second', found['replicas'])}"
    )


def _why(kind: dict[str, Any], unit: str, replicas: int) -> str:
    limit = kind["limit"]
    if limit is None:
        return "No more were tried: it may hold more."
    more = f"With {kind['broke'] / replicas:,.0f} {unit}: {limit['why']}."
    if limit["whose"] != REPLICA:
        more += f" That is the {limit['whose']}'s limit: the replica may hold more."
    return more


def _table(found: dict[str, Any]) -> str:
    head = f"| {' | '.join(COLUMNS)} |"
    rule = "|" + "--:|" * len(COLUMNS)
    steps: Steps = [*found[SOCKETS]["steps"], *found[MESSAGES]["steps"]]
    return "\n".join([head, rule, *(_row(step) for step in steps)])


def _row(step: dict[str, Any]) -> str:
    cells = [
        f"{step['sockets']:,}",
        f"{step['messages_per_second']:,.0f}",
        f"{step['answered_per_second']:,.0f}",
        f"{step['deliveries_per_second']:,.0f}",
        f"{step['deliver_p99_ms']:,.1f}",
        _percent(step["cpu_percent"]),
        _percent(step["memory_mib"]),
        f"{step['wrong']:,}",
        _percent(step["generator_percent"]),
        _percent(step["machine_percent"]),
    ]
    return f"| {' | '.join(cells)} |"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _head(found: dict[str, Any]) -> str:
    machine = found["machine"]
    return (
        f"By `{found['command']}` on {machine['at'][:10]} at commit {machine['commit']}: "
        f"{found['place']}; {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory_gib']} GiB, {machine['system']}, Python "
        f"{machine['versions']['python']}. All of it, with all versions, is in "
        "[capacity.json](capacity.json)."
    )

"""What a soak leaves to read: a table, a plot, and a part of docs/performance.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtests.lib.monitoring.time_series import Points, Samples, total
from loadtests.lib.reporting.generated_sections import between_markers
from loadtests.lib.servers.process import ROOT
from loadtests.soak.growth_criteria import Verdict, start_seconds

PAGE = ROOT / "docs/performance.md"
IMAGE = ROOT / "docs/images/soak.svg"
MOST_TOLD = 20


def passed(facts: dict[str, Any], verdicts: Sequence[Verdict]) -> bool:
    return not _troubles(facts) and bool(verdicts) and all(one.kept for one in verdicts)


def text(facts: dict[str, Any], verdicts: Sequence[Verdict]) -> str:
    return "\n\n".join([_head(facts), *_troubles(facts), _table(verdicts), _verdict(verdicts)])


def write(facts: dict[str, Any], samples: Samples, verdicts: Sequence[Verdict]) -> None:
    draw(samples, facts["seconds"], IMAGE)
    picture = f"![What the processes used during the soak](images/{IMAGE.name})"
    PAGE.write_text(
        between_markers(PAGE.read_text(), "soak", f"{text(facts, verdicts)}\n\n{picture}")
    )


def draw(samples: Samples, seconds: float, file: Path) -> None:
    """Draw what is watched over time, as SVG that is the same for the same samples."""
    mpl.rcParams["svg.hashsalt"] = "hubbub"
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(8, 8), layout="constrained")
    memory, counts, stores = figure.subplots(3, sharex=True)
    for part in samples.parts():
        which = "anonymous_bytes" if part == "postgres" else "resident_bytes"
        _line(memory, part, [(at, value / 2**20) for at, value in samples.values(part, which)])
    memory.set_ylabel("memory, MiB")
    for part in samples.parts("realtime-"):
        _line(counts, f"{part} files", samples.values(part, "files"))
        _line(counts, f"{part} tasks", samples.values(part, "hubbub_loop_tasks"))
    sockets = [samples.values(part, "hubbub_connections") for part in samples.parts("realtime-")]
    _line(counts, "sockets of all", total(sockets))
    counts.set_ylabel("count")
    _line(stores, "Redis subscriptions", samples.values("redis", "pubsub_channels"))
    _line(stores, "Redis clients", samples.values("redis", "clients"))
    _line(stores, "Postgres connections", samples.values("postgres", "connections"))
    stores.set_ylabel("count")
    stores.set_xlabel("minutes")
    for axes in (memory, counts, stores):
        axes.axvspan(0, start_seconds(seconds) / 60, alpha=0.08, color="#6b7280")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})


def _line(axes: Axes, label: str, points: Points) -> None:
    if points:
        axes.plot([at / 60 for at, _ in points], [value for _, value in points], label=label, lw=1)


def _head(facts: dict[str, Any]) -> str:
    machine, done = facts["machine"], facts["done"]
    did = ", ".join(f"{number:,} {what}" for what, number in done.items())
    return (
        f"`make soak` on {machine['at'][:10]} at commit {machine['commit']}: "
        f"{facts['seconds']:,} s, {facts['replicas']} replicas, "
        f"{facts['sockets']} sockets at a time, {facts['sent']:,} messages "
        f"({facts['sent'] / facts['seconds']:.1f} a second), {did}; {machine['cores']} cores "
        f"({machine['processor']}), {machine['memory_gib']} GiB, everything on them."
    )


def _troubles(facts: dict[str, Any]) -> list[str]:
    found = []
    if facts["restarts"]:
        found.append(f"{facts['restarts']} processes died and were started again.")
    if facts["tracebacks"]:
        found.append(f"{facts['tracebacks']} tracebacks in the servers' logs.")
    for name in ("faults", "failures"):
        told = facts[name][:MOST_TOLD]
        if told:
            lines = "\n".join(f"- {one}" for one in told)
            found.append(f"{len(facts[name])} {name}:\n\n{lines}")
    return found


def _table(verdicts: Sequence[Verdict]) -> str:
    lines = ["| | | before | grew by | may | |", "|---|---|--:|--:|--:|---|"]
    for one in verdicts:
        if one.growth is None:
            lines.append(f"| {one.part} | {one.what} | | not seen often enough | | **no** |")
            continue
        cells = [
            _shown(one.growth.level, one.unit),
            _shown(one.growth.grown, one.unit),
            _shown(one.most, one.unit),
        ]
        kept = "flat" if one.kept else "**grows**"
        lines.append(f"| {one.part} | {one.what} | {' | '.join(cells)} | {kept} |")
    return "\n".join(lines)


def _verdict(verdicts: Sequence[Verdict]) -> str:
    growing = [f"{one.part}'s {one.what}" for one in verdicts if not one.kept]
    if growing:
        return f"**Not flat: {', '.join(growing)}.**"
    return f"All of the {len(verdicts)} that are watched stayed flat."


def _shown(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / 2**20:.2f} MiB"
    return f"{value:,.1f}".removesuffix(".0")

"""The report of a soak: a table, a plot, and a section of docs/performance.md."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from loadtests.lib.machine import hardware, measured_by
from loadtests.lib.monitoring.time_series import Points, Samples, total
from loadtests.lib.reporting import markdown
from loadtests.lib.reporting.blocks import Block, Bullets, Image, Paragraph, Table
from loadtests.lib.reporting.charts import NEUTRAL_COLOUR, figure_file
from loadtests.lib.reporting.numbers import MIB, amount, clock
from loadtests.lib.servers.process import ROOT
from loadtests.soak.growth_criteria import GrowthVerdict, start_seconds
from loadtests.soak.tally import Tally

PAGE = ROOT / "docs/performance.md"
IMAGE = ROOT / "docs/images/soak.svg"
MAX_ERRORS_SHOWN = 20


def passed(facts: dict[str, Any], verdicts: Sequence[GrowthVerdict]) -> bool:
    healthy = not list(_errors(facts))
    return healthy and bool(verdicts) and all(one.within_limit for one in verdicts)


def text(facts: dict[str, Any], verdicts: Sequence[GrowthVerdict]) -> str:
    return markdown.render(_blocks(facts, verdicts))


def write(facts: dict[str, Any], samples: Samples, verdicts: Sequence[GrowthVerdict]) -> None:
    draw(samples, facts["seconds"], IMAGE)
    picture = Image("What the processes used during the soak", f"images/{IMAGE.name}")
    markdown.write_section(PAGE, "soak", [*_blocks(facts, verdicts), picture])


def draw(samples: Samples, seconds: float, file: Path) -> None:
    """Plot how everything that must stay flat develops over time."""
    with figure_file(file, 8, 8) as figure:
        memory, counts, stores = figure.subplots(3, sharex=True)
        for part in samples.parts():
            which = "anonymous_bytes" if part == "postgres" else "resident_bytes"
            _line(memory, part, [(at, value / MIB) for at, value in samples.values(part, which)])
        memory.set_ylabel("memory, MiB")
        replicas = samples.parts("realtime-")
        for part in replicas:
            _line(counts, f"{part} files", samples.values(part, "files"))
            _line(counts, f"{part} tasks", samples.values(part, "hubbub_loop_tasks"))
        connections = [samples.values(part, "hubbub_connections") for part in replicas]
        _line(counts, "all connections", total(connections))
        counts.set_ylabel("count")
        _line(stores, "Redis subscriptions", samples.values("redis", "pubsub_channels"))
        _line(stores, "Redis clients", samples.values("redis", "clients"))
        _line(stores, "Postgres connections", samples.values("postgres", "connections"))
        stores.set_ylabel("count")
        stores.set_xlabel("minutes")
        for axes in (memory, counts, stores):
            axes.axvspan(0, start_seconds(seconds) / 60, alpha=0.08, color=NEUTRAL_COLOUR)
            axes.set_ylim(bottom=0)
            axes.grid(alpha=0.3)
            axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))


def progress_line(tally: Tally, samples: Samples, at: float, seconds: float) -> str:
    """Return how far a soak has come after `at` seconds, and what it has measured so far."""
    parts = samples.rows[-1][1] if samples.rows else {}
    connections = sum(int(facts.get("hubbub_connections", 0)) for facts in parts.values())
    memory = " ".join(
        f"{name} {facts['resident_bytes'] / MIB:.1f} MiB"
        for name, facts in sorted(parts.items())
        if name.startswith(("realtime", "web")) and "resident_bytes" in facts
    )
    return (
        f"{clock(at)} of {clock(seconds)} · {connections} connections · "
        f"{tally.sent / at:.1f} messages/s · {memory} · {tally.errors} errors"
    )


def _line(axes: Axes, label: str, points: Points) -> None:
    if points:
        axes.plot([at / 60 for at, _ in points], [value for _, value in points], label=label, lw=1)


def _blocks(facts: dict[str, Any], verdicts: Sequence[GrowthVerdict]) -> Iterator[Block]:
    machine = facts["machine"]
    activities = ", ".join(
        f"{number:,} {what}{'' if number == 1 else 's'}" for what, number in facts["done"].items()
    )
    yield Paragraph(
        f"{measured_by('make soak', machine)}: {facts['seconds']:,} s, "
        f"{facts['replicas']} replicas, {facts['connections']} connections at a time, "
        f"{facts['sent']:,} messages ({facts['sent'] / facts['seconds']:.1f} a second), "
        f"{activities}; {hardware(machine)}, everything on them."
    )
    yield from _errors(facts)
    header = ["", "", "before", "grew by", "limit", ""]
    yield Table(header, [_row(one) for one in verdicts], numeric=(2, 3, 4))
    yield Paragraph(_conclusion(verdicts))


def _errors(facts: dict[str, Any]) -> Iterator[Block]:
    if facts["restarts"]:
        yield Paragraph(f"{facts['restarts']} processes died and were restarted.")
    if facts["tracebacks"]:
        yield Paragraph(f"{facts['tracebacks']} tracebacks in the servers' logs.")
    for name in ("violations", "failures"):
        if facts[name]:
            yield Paragraph(f"{len(facts[name])} {name}:")
            yield Bullets(facts[name][:MAX_ERRORS_SHOWN])


def _row(verdict: GrowthVerdict) -> list[str]:
    name = [verdict.part, verdict.what]
    if verdict.growth is None:
        return [*name, "", "not sampled often enough", "", "**no**"]
    values = (verdict.growth.level, verdict.growth.grown, verdict.limit)
    cells = [amount(value, verdict.unit) for value in values]
    return [*name, *cells, "flat" if verdict.within_limit else "**grows**"]


def _conclusion(verdicts: Sequence[GrowthVerdict]) -> str:
    growing = [f"{one.part}'s {one.what}" for one in verdicts if not one.within_limit]
    if growing:
        return f"**Not flat: {', '.join(growing)}.**"
    return f"All {len(verdicts)} measures stayed flat."

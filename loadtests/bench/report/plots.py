"""The plots, as SVG that is the same for the same figures: no date, no random ids."""

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtests.bench.report import figures as of
from loadtests.bench.report.figures import Records, find
from loadtests.bench.steps import TITLES

COLOURS = {
    "hubbub": "#c2410c",
    "nchan": "#1d4ed8",
    "socketio": "#047857",
    "tutorial": "#6b7280",
    "tutorial-no-row": "#9ca3af",
    "tutorial-pubsub": "#a16207",
    "tutorial-pubsub-no-row": "#d4a72c",
}
SHARES = (0.5, 0.9, 0.99, 0.999)


def draw(records: Records, folder: Path) -> list[tuple[str, Path]]:
    """Draw what the records allow; return each picture's title and file."""
    mpl.rcParams["svg.hashsalt"] = "hubbub"
    mpl.rcParams["svg.fonttype"] = "none"
    drawn = []
    for name, title, plot in _plots():
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.subplots()
        if plot(axes, records):
            axes.set_title(title)
            file = folder / f"bench-{name}.svg"
            figure.savefig(file, metadata={"Date": None})
            drawn.append((title, file))
    return drawn


def _plots() -> Iterator[tuple[str, str, Callable[[Axes, Records], bool]]]:
    yield "latency", "Quiet room: from send to receipt", _latency
    yield "cpu", "Quiet room: CPU per delivery", _cpu
    yield "members", "As fast as it goes: deliveries/s against room size", _members
    yield "replicas", "As fast as it goes: deliveries/s against replicas", _replicas


def _latency(axes: Axes, records: Records) -> bool:
    """Draw how many deliveries took no longer than so long, the slowest ones spread out."""
    for row in find(records, part="quiet", replicas=1):
        histogram = row["result"]["delivery"]
        below, xs, ys = 0, [], []
        for upper_us, count in histogram["buckets"]:
            below += count
            xs.append(upper_us / 1_000)
            ys.append(max(1 - below / histogram["count"], 1e-4))
        axes.plot(xs, ys, label=TITLES[row["peer"]], color=COLOURS[row["peer"]])
    if not axes.lines:
        return False
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_yaxis()
    axes.set_yticks([1 - share for share in SHARES], [f"{100 * share:g} %" for share in SHARES])
    axes.set_xlabel("ms")
    axes.set_ylabel("of all deliveries")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    return True


def _cpu(axes: Axes, records: Records) -> bool:
    rows = find(records, part="quiet", replicas=1)
    names = [TITLES[row["peer"]] for row in rows]
    costs = [of.cpu_us_per_delivery(row) for row in rows]
    bars = axes.barh(names, costs, color=[COLOURS[row["peer"]] for row in rows])
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_xscale("log")
    axes.set_xlim(1, 3 * max(costs, default=1.0))
    axes.set_xlabel("µs of the replicas' and Redis's CPU time (logarithmic)")
    axes.invert_yaxis()
    return bool(rows)


def _members(axes: Axes, records: Records) -> bool:
    rows = [row for part in ("hot", "hot sizes") for row in find(records, part=part, replicas=1)]
    for peer in dict.fromkeys(row["peer"] for row in rows):
        points = sorted(
            (row["members"], of.deliveries_per_second(row)) for row in rows if row["peer"] == peer
        )
        if len(points) > 1:
            xs, ys = zip(*points, strict=True)
            axes.plot(xs, ys, marker="o", label=TITLES[peer], color=COLOURS[peer])
    if not axes.lines:
        return False
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("members of the room")
    axes.set_ylabel("deliveries/s, one replica")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    return True


def _replicas(axes: Axes, records: Records) -> bool:
    rows = find(records, part="hot", replicas=2)
    for peer in dict.fromkeys(row["peer"] for row in rows):
        points = [
            (row["replicas"], of.deliveries_per_second(row) * row["replicas"])
            for replicas in (1, 2)
            for row in find(records, part="hot", peer=peer, replicas=replicas)[:1]
        ]
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, marker="o", label=TITLES[peer], color=COLOURS[peer])
    if not axes.lines:
        return False
    axes.set_xticks([1, 2])
    axes.set_yscale("log")
    axes.set_xlabel("replicas")
    axes.set_ylabel("deliveries/s of all of them")
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    return True

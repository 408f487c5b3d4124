"""Draws the benchmark's plots in docs/images."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes

from loadtests.bench import records as of
from loadtests.bench.records import Record, Records, find
from loadtests.bench.steps import TITLES
from loadtests.lib.reporting.charts import HUBBUB_COLOUR, NEUTRAL_COLOUR, figure_file

COLOURS = {
    "hubbub": HUBBUB_COLOUR,
    "nchan": "#1d4ed8",
    "socketio": "#047857",
    "tutorial": NEUTRAL_COLOUR,
    "tutorial-no-row": "#9ca3af",
    "tutorial-pubsub": "#a16207",
    "tutorial-pubsub-no-row": "#d4a72c",
}
SHARES = (0.5, 0.9, 0.99, 0.999)


def draw(records: Records, folder: Path) -> list[tuple[str, Path]]:
    """Draw the plots for which the records have data. Return each plot's title and file."""
    drawn = []
    for name, (title, plot) in PLOTS.items():
        file = folder / f"bench-{name}.svg"
        with figure_file(file, 8, 4.2) as figure:
            axes = figure.subplots()
            plot(axes, records)
            axes.set_title(title)
        if axes.has_data():
            drawn.append((title, file))
    return drawn


def _latency(axes: Axes, records: Records) -> None:
    """Draw the share of the deliveries that took at most x ms, and enlarge the slow end."""
    for row in find(records, "quiet", replicas=1):
        histogram = row["result"]["delivery"]
        below, xs, ys = 0, [], []
        for upper_us, count in histogram["buckets"]:
            below += count
            xs.append(upper_us / 1_000)
            ys.append(max(1 - below / histogram["count"], 1e-4))
        _line(axes, row["system"], xs, ys, marker="")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_yaxis()
    axes.set_yticks([1 - share for share in SHARES], [f"{100 * share:g} %" for share in SHARES])
    _label(axes, "ms", "of all deliveries")


def _cpu(axes: Axes, records: Records) -> None:
    rows = find(records, "quiet", replicas=1)
    names = [TITLES[row["system"]] for row in rows]
    costs = [of.cpu_us_per_delivery(row) for row in rows]
    bars = axes.barh(names, costs, color=[COLOURS[row["system"]] for row in rows])
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_xscale("log")
    axes.set_xlim(1, 3 * max(costs, default=1.0))
    axes.set_xlabel("µs of CPU time of the replicas and Redis (logarithmic)")
    axes.invert_yaxis()


def _members(axes: Axes, records: Records) -> None:
    rows = find(records, "hot", "hot room sizes", replicas=1)
    _lines(axes, rows, lambda row: (row["members"], of.deliveries_per_second(row)))
    axes.set_xscale("log")
    _label(axes, "members of the room", "deliveries/s, one replica")


def _replicas(axes: Axes, records: Records) -> None:
    rows = find(records, "hot", replicas=2) + find(records, "hot", replicas=1)
    _lines(axes, rows, lambda row: (row["replicas"], of.total_deliveries_per_second(row)))
    axes.set_xticks([1, 2])
    _label(axes, "replicas", "deliveries/s of all of them")


def _lines(axes: Axes, rows: Records, point: Callable[[Record], tuple[float, float]]) -> None:
    """Draw a line for each system for which there are several points."""
    for system in dict.fromkeys(row["system"] for row in rows):
        points = sorted(point(row) for row in rows if row["system"] == system)
        if len(points) > 1:
            _line(axes, system, [x for x, _ in points], [y for _, y in points])
    axes.set_yscale("log")


def _line(axes: Axes, system: str, xs: list[float], ys: list[float], marker: str = "o") -> None:
    axes.plot(xs, ys, marker=marker, label=TITLES[system], color=COLOURS[system])


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if axes.lines:
        axes.legend(fontsize="small")
    axes.grid(alpha=0.3)


PLOTS: dict[str, tuple[str, Callable[[Axes, Records], None]]] = {
    "latency": ("Quiet room: from send to receipt", _latency),
    "cpu": ("Quiet room: CPU per delivery", _cpu),
    "members": ("As fast as it goes: deliveries/s by room size", _members),
    "replicas": ("As fast as it goes: deliveries/s by replicas", _replicas),
}

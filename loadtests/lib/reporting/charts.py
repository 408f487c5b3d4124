"""Draws SVG: line charts inside an HTML report, and figures in files for the pages in docs/.

The same data gives the same bytes: a chart contains no date and no random ids. Charts inside a page
are as wide as a phone, so that their text is not shrunk there. They take the page's colour, dark or
light.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from loadtests.lib.monitoring.time_series import Points

HUBBUB_COLOUR, NEUTRAL_COLOUR, LIMIT_COLOUR = "#c2410c", "#6b7280", "#d62828"
INLINE_INCHES = (5.0, 2.7)
# The colours of lines. They can be told apart on white and on black.
COLOURS = ("#0e8bd6", "#e8590c", "#2b9a4b", "#a855f7", "#d6336c", "#8d99a6", "#b08900", "#0ca6a6")
INK = "#010203"  # in a chart, this colour is replaced by the page's own
INLINE_STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 8,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@contextmanager
def figure_file(file: Path, width: float, height: float) -> Iterator[Figure]:
    """Yield a figure to draw on (sizes in inches), and save it unless it stays empty."""
    with mpl.rc_context({"svg.hashsalt": "hubbub", "svg.fonttype": "none"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        if any(axes.has_data() for axes in figure.axes):
            file.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(file, metadata={"Date": None})


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    points: Points
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    `note` says what readers cannot guess, such as where the values were measured or what is left
    out.
    """

    title: str
    unit: str
    lines: Sequence[Line]
    note: str = ""
    logarithmic: bool = False
    limit: float | None = None  # a limit, drawn as a horizontal line
    marks: Sequence[float] = field(default=())  # the seconds at which something was done on purpose

    @property
    def empty(self) -> bool:
        return not any(line.points for line in self.lines)


def inline_svg(chart: Chart, name: str, seconds: float) -> str:
    """Draw a chart whose time axis ends at `seconds`.

    `name` makes the chart's ids differ from those of other charts.
    """
    with mpl.rc_context({**INLINE_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=INLINE_INCHES, layout="constrained")
        _draw(figure.subplots(), chart, seconds)
        drawn = StringIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    return _inline(drawn.getvalue(), name, chart.title)


def _draw(axes: Axes, chart: Chart, seconds: float) -> None:
    for number, line in enumerate(one for one in chart.lines if one.points):
        xs, ys = zip(*line.points, strict=True)
        style = "--" if line.dashed else "-"
        # A line through a single point would be invisible: draw a dot.
        marker, colour = "." if len(xs) == 1 else "", COLOURS[number % len(COLOURS)]
        axes.plot(xs, ys, style, label=line.label, color=colour, marker=marker, linewidth=1.1)
    for at in chart.marks:
        axes.axvline(at, color=INK, linewidth=0.8, linestyle=":", alpha=0.7)
    if chart.limit is not None:
        axes.axhline(chart.limit, color=LIMIT_COLOUR, linewidth=0.9, linestyle=(0, (6, 2)))
        axes.annotate(
            "limit", (1, chart.limit), xycoords=("axes fraction", "data"), color=LIMIT_COLOUR
        )
    axes.set_xlim(0, max(seconds, 1.0))
    if chart.logarithmic:
        axes.set_yscale("log")
    else:
        highest = max((y for line in chart.lines for _, y in line.points), default=0.0)
        axes.set_ylim(0, None if highest else 1)
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel("seconds")
    axes.set_ylabel(chart.unit)
    axes.grid(alpha=0.18, color=INK)
    axes.figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=7)


def _inline(drawn: str, name: str, title: str) -> str:
    """Return only the svg element, in the page's colour, with ids that no other chart has."""
    element = drawn[drawn.index("<svg") :].replace(INK, "currentColor")
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'\bid="', f'id="{name}-', element)
    element = re.sub(r"url\(#", f"url(#{name}-", element)
    element = re.sub(r'href="#', f'href="#{name}-', element)
    return element.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)

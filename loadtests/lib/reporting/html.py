"""Renders blocks as one HTML page that contains its styles and charts and needs no other file."""

from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from loadtests.lib.reporting.blocks import Block
from loadtests.lib.reporting.charts import Chart, inline_svg

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(title: str, heading: str, blocks: Iterable[Block]) -> str:
    template = TEMPLATES.get_template("report.html")
    return template.render(title=title, heading=heading, blocks=list(blocks), draw=_draw)


def _draw(chart: Chart, name: str, seconds: float) -> Markup:
    return Markup(inline_svg(chart, name, seconds))

"""The building blocks of a report. The modules `markdown` and `html` render them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from loadtests.lib.reporting.charts import Chart


@dataclass(frozen=True, slots=True)
class Heading:
    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of text.

    In HTML reports, `text` can be markupsafe's `Markup`, and `style` is a CSS class of the
    template.
    """

    kind: ClassVar[str] = "paragraph"
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    kind: ClassVar[str] = "bullets"
    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Rows shorter than `header` are padded; `numeric` columns are right-aligned."""

    kind: ClassVar[str] = "table"
    header: Sequence[str]  # if this is empty, an HTML table has no header row
    rows: Sequence[Sequence[object]]
    numeric: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """An image, in Markdown only. `address` is relative to the page."""

    kind: ClassVar[str] = "image"
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Charts:
    """A group of charts, in HTML only. `name` makes their ids differ from those of other groups."""

    kind: ClassVar[str] = "charts"
    charts: Sequence[Chart]
    name: str
    seconds: float  # where the time axis ends


Block = Heading | Paragraph | Bullets | Table | Image | Charts

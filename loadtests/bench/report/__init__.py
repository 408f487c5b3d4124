"""The benchmark's report: targets, tables and plots. All of it is computed from the records.

`text` is what the command prints. `write` writes the same text into docs/performance.md, and the
plots into docs/images.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loadtests.bench.report import plots, tables
from loadtests.lib.machine import hardware, listed_versions, measured_by
from loadtests.lib.reporting import markdown
from loadtests.lib.reporting.blocks import Block, Bullets, Image, Paragraph
from loadtests.lib.servers.process import ROOT

PAGE = ROOT / "docs/performance.md"
IMAGES = ROOT / "docs/images"


def text(run: dict[str, Any]) -> str:
    return markdown.render(_blocks(run))


def write(run: dict[str, Any], page: Path = PAGE, images: Path = IMAGES) -> None:
    drawn = plots.draw(run["records"], images)
    pictures = [Image(title, f"images/{file.name}") for title, file in drawn]
    markdown.write_section(page, "bench", [*_blocks(run), *pictures])


def _blocks(run: dict[str, Any]) -> Iterator[Block]:
    machine = run["machine"]
    quick = " This was a quick run, to try it: its figures mean nothing." if run["quick"] else ""
    yield Paragraph(
        f"{measured_by('make bench', machine)}: {hardware(machine)}, {machine['system']}, "
        f"all servers and the load client on them, over loopback.{quick}"
    )
    yield Paragraph(f"Versions: {listed_versions(machine)}.")
    yield from tables.all_tables(run["records"])
    if run["left_out"]:
        yield Paragraph("Left out of this run:")
        yield Bullets([f"{one['title']}: {one['why']}" for one in run["left_out"]])

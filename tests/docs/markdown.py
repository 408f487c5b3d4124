"""Reads the repository's Markdown pages for the tests: headings, anchors, links."""

import re
import subprocess
from functools import cache
from pathlib import Path

from loadtests.lib.servers.process import ROOT

LINK = re.compile(r"!?\[[^]]*\]\((?!https?:|mailto:)([^)\s]*)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@cache
def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def pages() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


@cache
def prose(page: Path) -> str:
    """Return the text of a page without its fenced code blocks."""
    return FENCED.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Return the targets of all links within the repository, as they are written in the page."""
    return LINK.findall(prose(page))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of all headings, as GitHub builds them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return frozenset(_anchor(heading) for heading in headings)


def section(page: Path, heading: str) -> str:
    """Return what follows a heading, up to the next heading of the same or a higher level."""
    level = len(heading.split(" ")[0])
    _, _, rest = page.read_text().partition(f"\n{heading}\n")
    assert rest, f"{page.name} has no {heading!r}"
    return re.split(rf"^#{{1,{level}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _anchor(heading: str) -> str:
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")

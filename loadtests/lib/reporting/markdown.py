"""Renders blocks as Markdown and writes them into the generated section of a page.

A generated section lies between `<!-- name:begin -->` and `<!-- name:end -->`. Everything outside
the section is written by hand and stays as it is.
"""

from collections.abc import Iterable
from pathlib import Path

from loadtests.lib.reporting.blocks import Block, Bullets, Heading, Image, Paragraph, Table


def render(blocks: Iterable[Block]) -> str:
    return "\n\n".join(_render(block) for block in blocks)


def write_section(page: Path, name: str, blocks: Iterable[Block]) -> None:
    """Replace a page's generated section. Raises ValueError if the page has no such section."""
    page.write_text(replace_section(page.read_text(), name, render(blocks)))


def replace_section(page: str, name: str, generated: str) -> str:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"The page has no {begin} … {end}.")
    return f"{before}{begin}\n{generated}\n{end}{after}"


def _render(block: Block) -> str:
    match block:
        case Heading(text):
            return f"### {text}"
        case Paragraph(text):
            return text
        case Bullets(items):
            return "\n".join(f"- {item}" for item in items)
        case Table():
            return _table(block)
        case Image(title, address):
            return f"![{title}]({address})"
        case _:
            raise TypeError(f"Markdown has no {block.kind}.")


def _table(table: Table) -> str:
    width = len(table.header)
    rule = "".join("--:|" if column in table.numeric else "---|" for column in range(width))
    rows = [[*row, *[""] * (width - len(row))] for row in table.rows]
    lines = [f"| {' | '.join(map(str, row))} |" for row in [table.header, *rows]]
    return "\n".join([lines[0], f"|{rule}", *lines[1:]])

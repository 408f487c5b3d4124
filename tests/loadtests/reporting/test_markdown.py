"""Reports as Markdown: only the generated section of a page is replaced."""

from pathlib import Path

import pytest

from loadtests.lib.reporting.blocks import Bullets, Heading, Image, Paragraph, Table
from loadtests.lib.reporting.markdown import render, replace_section, write_section

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def test_only_the_generated_section_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"by hand\n\n{BEGIN}\nold\n{END}\n\nby hand, too\n")
    for _ in range(2):
        write_section(page, "bench", [Heading("New"), Paragraph("text")])
    expected = f"by hand\n\n{BEGIN}\n### New\n\ntext\n{END}\n\nby hand, too\n"
    assert page.read_text() == expected


def test_a_page_without_markers_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="has no"):
        replace_section("by hand", "bench", "generated")


def test_numeric_columns_are_aligned_to_the_right_and_short_rows_filled_up() -> None:
    table = Table(["", "count"], [["a", 1], ["b"]], numeric=[1])
    assert render([table]) == "|  | count |\n|---|--:|\n| a | 1 |\n| b |  |"


def test_lists_and_images_are_markdown() -> None:
    rendered = render([Bullets(["one", "two"]), Image("A plot", "images/a.svg")])
    assert rendered == "- one\n- two\n\n![A plot](images/a.svg)"

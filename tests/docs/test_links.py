"""Every link in a document resolves, even those to headings, and every path in it exists."""

import re
from pathlib import Path

import pytest

from loadtests.lib.servers.process import ROOT
from tests.docs.markdown import anchors, links, pages

FOLDERS = ("app", "deploy", "docs", "loadtests", "scripts", "tests")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_all_links_of_a_page_resolve(page: Path) -> None:
    broken = [link for link in links(page) if not resolves(page, link)]
    assert not broken


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_all_files_that_a_page_names_exist(page: Path) -> None:
    paths = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", page.read_text())
    assert [path for path in paths if not (ROOT / path).exists()] == []


def resolves(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))

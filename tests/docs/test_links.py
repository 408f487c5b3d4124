"""Every link from one document to another, or to a heading, leads somewhere."""

from pathlib import Path

import pytest

from loadtests.lib.servers.process import ROOT
from tests.docs.markdown import anchors, links, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_all_links_of_a_page_resolve(page: Path) -> None:
    broken = [link for link in links(page) if not resolves(page, link)]
    assert not broken


def resolves(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))

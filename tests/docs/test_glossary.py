"""Each term has one row in the glossary, and the modules that the glossary names exist."""

import re
from collections import Counter
from functools import cache

from loadtests.lib.servers.process import ROOT
from tests.docs.markdown import section

GLOSSARY = ROOT / "docs/glossary.md"
SECTIONS = ("## The product", "## The log", "## A replica", "## Between replicas")
TEST_SECTIONS = ("## Running and upgrading", "## Load and fault tests")


@cache
def rows() -> list[list[str]]:
    """Return the cells of all rows: the term, its meaning, and where it is implemented."""
    found = []
    for heading in (*SECTIONS, *TEST_SECTIONS):
        lines = [line for line in section(GLOSSARY, heading).splitlines() if line.startswith("|")]
        found += [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return found


def test_each_row_has_a_term_a_meaning_and_a_module() -> None:
    assert rows()
    for row in rows():
        assert len(row) == 3, row
        assert all(row), row


def test_each_term_appears_once() -> None:
    terms = Counter(term.strip(" `") for row in rows() for term in re.split("[;,]", row[0]))
    assert [term for term, count in terms.items() if count > 1] == []


def test_every_module_exists() -> None:
    for term, _, where in rows():
        paths = re.findall(r"`([^`]+)`", where)
        assert paths, term
        for path in paths:
            assert (ROOT / "app/hubbub" / path).exists() or (ROOT / path).exists(), path

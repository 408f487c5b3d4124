"""docs/capacity.json and docs/operations.md agree, and both say what limited the capacity."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtests.capacity import report
from loadtests.capacity.criteria import Criteria, MeasuredLoad
from loadtests.capacity.search import climb, figures, status
from loadtests.lib import exit_codes
from tests.loadtests.capacity.test_search import GOOD, SLOW
from tests.loadtests.machine_facts import MACHINE

CRITERIA = Criteria()
EMPTY = "# Operations\n\n<!-- capacity:begin -->\n<!-- capacity:end -->\n\nThe rest.\n"


def result(**change: Any) -> dict[str, Any]:
    """Return a result in which 8,000 connections pass, and more than 100 messages a second fail."""
    slow = replace(SLOW, **change)
    connections = climb(
        lambda amount: replace(GOOD, connections=int(amount)), [4_000, 8_000], CRITERIA
    )
    messages = climb(lambda rate: at_rate(rate) if rate <= 100 else slow, [50, 100, 200], CRITERIA)
    facts = {"command": "make capacity", "setup": "one replica", "machine": MACHINE}
    return figures(connections, messages, CRITERIA, 1, **facts)


def at_rate(rate: float) -> MeasuredLoad:
    """Return a step in which slightly fewer messages than requested were acknowledged."""
    return replace(GOOD, messages_per_second=rate, acked_per_second=rate * 0.97)


def test_the_page_shows_the_figures_of_the_file() -> None:
    measured = json.loads(report.FILE.read_text())
    text = report.PAGE.read_text()
    _, _, after = text.partition("<!-- capacity:begin -->\n")
    assert after.partition("\n<!-- capacity:end -->")[0] == report.text(measured)


def test_a_run_writes_file_plot_and_its_section_of_the_page(tmp_path: Path) -> None:
    file, operations, plot = (tmp_path / name for name in ("a.json", "operations.md", "a.svg"))
    operations.write_text(EMPTY)
    report.write(result(), file, operations, plot)
    assert json.loads(file.read_text())["connections_per_replica"] == 8_000
    assert json.loads(file.read_text())["plan_with"]["connections_per_replica"] == 4_000
    assert plot.read_text().startswith("<?xml")
    written = operations.read_text()
    assert "**97 messages a second**" in written
    assert written.endswith("The rest.\n")


def test_the_page_says_that_more_connections_were_not_tried() -> None:
    assert "**8,000 connections**" in report.text(result())
    assert "No more were tried: it may hold more." in report.text(result())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"generator_percent": 99.0}, "That is the generator's limit: the replica may hold more."),
        ({"machine_percent": 99.0}, "That is the machine's limit: the replica may hold more."),
    ],
)
def test_the_page_says_what_the_limit_was(change: dict[str, float], expected: str) -> None:
    assert expected in report.text(result(**change))
    assert "limit: the replica may hold more" not in report.text(result())


def test_the_exit_status_says_whether_the_limit_was_the_replica() -> None:
    assert status(result()) == exit_codes.PASSED
    assert status(result(generator_percent=99.0)) == exit_codes.GENERATOR_LIMITED
    nothing = climb(lambda _: SLOW, [100], CRITERIA)
    assert status(figures(nothing, nothing, CRITERIA, 1)) == exit_codes.FAILED

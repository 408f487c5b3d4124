"""Several runs of faults: one that comes to nothing stops no other, and only good ones are told."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loadtests.chaos import reliability_page
from loadtests.chaos.fault_catalogue import KIND_BY_NAME
from loadtests.chaos.outcome import Outcome, conclude
from loadtests.chaos.runs import attempt, have_every_fault, status
from loadtests.chaos.schedule import DoesNotFit
from loadtests.lib.client.rest import RefusedError
from loadtests.lib.servers import ServerError
from tests.loadtests.chaos.test_outcome import SPAN, happened, right_run

MACHINE: dict[str, Any] = {
    "at": "2026-01-01T00:00:00",
    "commit": "abc",
    "cores": 2,
    "processor": "p",
    "memory_gib": 4,
    "system": "s",
}
EMPTY = "".join(
    f"<!-- {name}:begin -->\nnothing yet\n<!-- {name}:end -->\n"
    for name in ("chaos-alone", "chaos")
)


@cache
def outcome(*, trouble: str = "", least: float = 0.0) -> Outcome:
    faults = [happened(name, 10, 11) for name in KIND_BY_NAME]
    return conclude(1, SPAN, faults, right_run(), least, trouble)


GOOD, FAILED = outcome(), outcome(trouble="alice is not back")
COUNTS_NOT = outcome(least=20)


@pytest.mark.parametrize(
    "error",
    [
        DoesNotFit("give more time"),
        ServerError("redis does not answer"),
        RefusedError(403, {}),
        TimeoutError("alice is not back"),
    ],
)
def test_a_run_that_comes_to_nothing_is_said_and_stops_no_other(
    capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def run(seed: int) -> Outcome:
        if seed == 2:
            raise error
        return GOOD

    assert [attempt(seed, run) for seed in (1, 2, 3)] == [GOOD, None, GOOD]
    assert capsys.readouterr().err == f"Seed 2 came to nothing: {error}\n"


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([GOOD, GOOD], 0),
        ([GOOD, None], 2),
        ([GOOD, COUNTS_NOT], 2),
        ([None, FAILED, GOOD], 1),
        ([COUNTS_NOT, FAILED], 1),
    ],
)
def test_the_worst_of_several_speaks(attempts: list[Outcome | None], expected: int) -> None:
    assert status(attempts) == expected


def test_every_fault_may_be_spread_over_runs() -> None:
    first, *others = (
        conclude(1, SPAN, [happened(name, 1, 2)], right_run(), 0) for name in KIND_BY_NAME
    )
    assert have_every_fault([first, *others])
    assert not have_every_fault(others)


def test_the_page_tells_of_everything_that_could_have_been_wrong(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(EMPTY)
    reliability_page.write([GOOD], MACHINE, file)
    assert "0 lost, 0 doubled, 0 reordered, 0 leaked, 0 misshown, 0 wrong" in file.read_text()


def test_each_table_has_its_place(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(EMPTY)
    reliability_page.write([GOOD], MACHINE, file, alone=True)
    assert file.read_text().endswith(EMPTY[EMPTY.index("<!-- chaos:begin") :])
    reliability_page.write([GOOD], MACHINE, file)
    assert "nothing yet" not in file.read_text()


@pytest.mark.parametrize("bad", [FAILED, COUNTS_NOT])
def test_a_run_that_failed_is_never_written(tmp_path: Path, bad: Outcome) -> None:
    file = tmp_path / "page.md"
    file.write_text(EMPTY)
    with pytest.raises(ValueError, match="only runs of status 0"):
        reliability_page.write([GOOD, bad], MACHINE, file)
    assert file.read_text() == EMPTY

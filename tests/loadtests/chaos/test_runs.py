"""An aborted run does not stop the runs after it, and only runs with status 0 are published."""

import json
import sys
from functools import cache
from pathlib import Path

import pytest

from loadtests.chaos import report
from loadtests.chaos.__main__ import attempt, cover_every_fault, exit_status, main
from loadtests.chaos.fault_catalogue import FAULT_KINDS, KIND_BY_NAME
from loadtests.chaos.outcome import Outcome, conclude
from loadtests.chaos.schedule import DoesNotFit
from loadtests.lib.client.rest import RefusedError
from loadtests.lib.servers import ServerError
from tests.loadtests.chaos.test_outcome import SPAN, execution, sound_run
from tests.loadtests.machine_facts import MACHINE

EMPTY = "".join(
    f"<!-- {name}:begin -->\nnothing yet\n<!-- {name}:end -->\n"
    for name in ("chaos-alone", "chaos")
)


@cache
def outcome(*, trouble: str = "", least: float = 0.0) -> Outcome:
    faults = [execution(name, 10, 11) for name in KIND_BY_NAME]
    return conclude(1, SPAN, faults, sound_run(), least, trouble)


GOOD, FAILED = outcome(), outcome(trouble="alice has not recovered")
INCONCLUSIVE = outcome(least=20)


@pytest.mark.parametrize(
    "error",
    [
        DoesNotFit("give more time"),
        ServerError("redis does not answer"),
        RefusedError(403, {}),
        TimeoutError("alice has not recovered"),
    ],
)
def test_an_aborted_run_is_reported_and_stops_no_other(
    capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def run(seed: int) -> Outcome:
        if seed == 2:
            raise error
        return GOOD

    assert [attempt(seed, run) for seed in (1, 2, 3)] == [GOOD, None, GOOD]
    assert capsys.readouterr().err == f"Seed 2 was aborted: {error}\n"


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([GOOD, GOOD], 0),
        ([GOOD, None], 2),
        ([GOOD, INCONCLUSIVE], 2),
        ([None, FAILED, GOOD], 1),
        ([INCONCLUSIVE, FAILED], 1),
    ],
)
def test_the_exit_status_of_several_runs_is_the_worst(
    attempts: list[Outcome | None], expected: int
) -> None:
    assert exit_status(attempts) == expected


def test_several_runs_together_can_cover_every_fault() -> None:
    first, *others = (
        conclude(1, SPAN, [execution(name, 1, 2)], sound_run(), 0) for name in KIND_BY_NAME
    )
    assert cover_every_fault([first, *others])
    assert not cover_every_fault(others)


def test_the_page_lists_every_category_of_violations(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(EMPTY)
    report.write([GOOD], MACHINE, file)
    assert "0 lost, 0 duplicated, 0 reordered, 0 leaked, 0 outdated, 0 wrong" in file.read_text()


def test_each_table_has_its_own_section(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(EMPTY)
    report.write([GOOD], MACHINE, file, alone=True)
    assert file.read_text().endswith(EMPTY[EMPTY.index("<!-- chaos:begin") :])
    report.write([GOOD], MACHINE, file)
    assert "nothing yet" not in file.read_text()


@pytest.mark.parametrize("bad", [FAILED, INCONCLUSIVE])
def test_a_failed_or_inconclusive_run_is_never_written(tmp_path: Path, bad: Outcome) -> None:
    file = tmp_path / "page.md"
    file.write_text(EMPTY)
    with pytest.raises(ValueError, match="only runs of status 0"):
        report.write([GOOD, bad], MACHINE, file)
    assert file.read_text() == EMPTY


@pytest.mark.parametrize("section", [report.SECTION, report.SECTION_ALONE])
def test_the_published_tables_list_every_fault(section: str) -> None:
    _, _, rest = report.PAGE.read_text().partition(f"<!-- {section}:begin -->")
    table, _, _ = rest.partition(f"<!-- {section}:end -->")
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    published = [(row[0].removeprefix("| "), row[1]) for row in rows]
    assert published == [(kind.title, f"{kind.seconds:g} s") for kind in FAULT_KINDS]


def read_again(folder: Path, saved: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the exit status of `--read` with this file as the outcome of seed 7."""
    (folder / "7").mkdir()
    (folder / "7/summary.json").write_text(saved)
    arguments = ["chaos", "--read", "--seed=7", "--folder", str(folder)]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_a_run_of_an_earlier_version_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Earlier versions saved no silences in the summary, or saved facts that are no longer read."""
    faults = [execution("redis-killed", 10, 11)]
    saved = conclude(7, SPAN, faults, sound_run(), 0).as_json()
    assert saved["summary"].keys() == {"clients", "acknowledged", "delivered", "violations"}
    saved["summary"]["silences"] = [["redis-killed", 1.0, 0.5]]
    saved["another"] = 1
    assert read_again(tmp_path, json.dumps(saved), monkeypatch) == 0
    assert "redis-killed" in capsys.readouterr().out


@pytest.mark.parametrize("saved", ["", "{", "{}", '{"seed": "seven"}'])
def test_a_run_that_cannot_be_read_gets_a_clear_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    saved: str,
) -> None:
    assert read_again(tmp_path, saved, monkeypatch) == 2
    assert "Seed 7 was aborted" in (error := capsys.readouterr().err)
    assert "summary.json is damaged, or written by another version" in error

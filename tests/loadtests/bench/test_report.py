"""The benchmark's report: targets are judged by the figures, and the page's own words stay."""

from pathlib import Path
from typing import Any

import pytest

from loadtests.bench.report import text, write
from loadtests.bench.report.targets import Target, targets
from loadtests.bench.sizes import FULL, QUICK
from loadtests.bench.steps import PARTS, steps
from loadtests.lib.reporting.generated_sections import between_markers

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
MACHINE = {
    "at": "2026-11-23T10:00:00+00:00",
    "commit": "0123456789",
    "processor": "a processor",
    "cores": 2,
    "memory_gib": 8,
    "system": "Linux",
    "versions": {"python": "3.11"},
}


def a_room(peer: str, cpu: float, p99_ms: float = 10.0, **facts: Any) -> dict[str, Any]:
    """A second of a quiet room with a thousand deliveries."""
    times = {"count": 1_000, "buckets": [[5_000, 900], [9_000, 100]]}
    times |= {f"{name}_ms": p99_ms for name in ("p50", "p90", "p99", "p999", "max")}
    result = {
        "seconds": 1.0,
        "sent": 10,
        "answered": 10,
        "deliveries": 1_000,
        "lost": 0,
        "doubled": 0,
        "disordered": 0,
        "generator_cpu": 0.95,
        "generator_limited": True,
        "delivery": times,
        "answer": times,
    }
    facts = {"part": "quiet", "replicas": 1, "members": 100, "rate": 10.0, "senders": 5} | facts
    return {"peer": peer, "cpu": {"replicas": cpu, "postgres": 1.0}, "result": result} | facts


def judged(records: list[dict[str, Any]], what: str) -> list[Target]:
    return [target for target in targets(records) if what in target.what]


def test_a_target_is_met_or_missed_by_its_figures_without_postgres() -> None:
    records = [
        a_room("hubbub", 0.010, p99_ms=31.0),
        a_room("nchan", 0.006),
        a_room("socketio", 0.010),
        a_room("tutorial", 0.2),
    ]
    verdicts = [target.met for target in judged(records, "quiet room: CPU")]
    assert verdicts == [True, False, True]  # twice nchan; less than Socket.IO; 20 × the tutorial
    assert [target.met for target in judged(records, "p99 from send")] == [False]


def test_what_was_not_measured_is_open_and_not_met() -> None:
    assert {target.met for target in targets([])} == {None}
    left_out = [a_room("hubbub", 0.010), a_room("socketio", 0.02)]
    verdicts = [target.met for target in judged(left_out, "quiet room: CPU")]
    assert verdicts == [None, True, None]


def test_what_a_message_costs_redis_may_not_grow_with_members() -> None:
    def members(count: int, commands: int) -> dict[str, Any]:
        used = {"commands": commands, "bytes_out": 1_000}
        return a_room("hubbub", 0.01, part="members", members=count, redis=used)

    verdicts = [t.met for t in judged([members(10, 100), members(1_000, 200)], "members, R=1")]
    assert verdicts == [False, True]


def test_the_table_says_where_the_load_client_was_the_limit_and_who_was_left_out() -> None:
    measured = {
        "machine": MACHINE,
        "quick": True,
        "records": [a_room("hubbub", 0.01, part="hot", held_ms=4.56)],
        "left_out": [{"part": "room", "title": "nchan: a room", "why": "no module"}],
    }
    said = text(measured)
    assert "it was the limit" in said
    assert "nchan: a room: no module" in said
    assert "0123456789" in said
    assert "4.56" in said  # how long the event loop was held
    assert "mean nothing" in said


def test_only_what_lies_between_the_markers_is_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"by hand\n\n{BEGIN}\nold\n{END}\n\nby hand, too\n")
    records = [a_room("hubbub", 0.01), a_room("nchan", 0.01)]
    measured = {"machine": MACHINE, "quick": False, "records": records, "left_out": []}
    for _ in range(2):
        write(measured, page, tmp_path / "images")
    written = page.read_text()
    assert written.startswith(f"by hand\n\n{BEGIN}\nMeasured by")
    assert written.endswith(f"{END}\n\nby hand, too\n")
    assert "old" not in written
    pictures = sorted(file.name for file in (tmp_path / "images").iterdir())
    assert pictures == ["bench-cpu.svg", "bench-latency.svg"]
    assert all(f"images/{name}" in written for name in pictures)


def test_a_page_without_markers_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="has no"):
        between_markers("by hand", "bench", "generated")


@pytest.mark.parametrize("sizes", [FULL, QUICK])
def test_every_part_can_be_run_alone_with_a_crowd_that_is_large_enough(sizes: Any) -> None:
    for part in PARTS:
        alone = steps(sizes, [part], [])
        assert {step.part for step in alone} - {"seed"} == {part}
        if any(step.peer == "hubbub" for step in alone):
            assert alone[0].part == "seed"
            assert alone[0].people == max(step.people for step in alone)

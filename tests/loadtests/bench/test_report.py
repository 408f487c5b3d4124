"""The benchmark's report has all its parts, and the figures decide which targets are met."""

from pathlib import Path
from typing import Any

import pytest

from loadtests.bench.report import text, write
from loadtests.bench.report.targets import BenchTarget, targets
from loadtests.bench.sizes import FULL, QUICK
from loadtests.bench.steps import SCENARIOS, steps
from tests.loadtests.machine_facts import MACHINE

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def a_room(system: str, cpu: float, p99_ms: float = 10.0, **facts: Any) -> dict[str, Any]:
    """Return a record of a quiet room that had a thousand deliveries in one second."""
    times = {"count": 1_000, "buckets": [[5_000, 900], [9_000, 100]]}
    times |= {f"{name}_ms": p99_ms for name in ("p50", "p90", "p99", "p999", "max")}
    result = {
        "seconds": 1.0,
        "sent": 10,
        "acked": 10,
        "deliveries": 1_000,
        "lost": 0,
        "duplicated": 0,
        "reordered": 0,
        "generator_cpu": 0.95,
        "generator_limited": True,
        "delivery": times,
        "ack": times,
    }
    facts = {"load": "quiet", "replicas": 1, "members": 100, "rate": 10.0, "senders": 5} | facts
    return {"system": system, "cpu": {"replicas": cpu, "postgres": 1.0}, "result": result} | facts


def judged(records: list[dict[str, Any]], what: str) -> list[BenchTarget]:
    return [target for target in targets(records) if what in target.what]


def test_a_target_is_met_or_missed_by_figures_without_postgres() -> None:
    records = [
        a_room("hubbub", 0.010, p99_ms=31.0),
        a_room("nchan", 0.006),
        a_room("socketio", 0.010),
        a_room("tutorial", 0.2),
    ]
    verdicts = [target.met for target in judged(records, "quiet room: CPU")]
    # The targets are at most twice nchan's CPU time per delivery, less than Socket.IO's, and at
    # most a twentieth of the tutorial's.
    assert verdicts == [True, False, True]
    assert [target.met for target in judged(records, "p99 from send")] == [False]


def test_a_target_that_was_not_measured_is_open() -> None:
    assert {target.met for target in targets([])} == {None}
    left_out = [a_room("hubbub", 0.010), a_room("socketio", 0.02)]
    verdicts = [target.met for target in judged(left_out, "quiet room: CPU")]
    assert verdicts == [None, True, None]


def test_the_cost_of_a_message_for_redis_may_not_grow_with_members() -> None:
    def members(count: int, commands: int) -> dict[str, Any]:
        used = {"commands": commands, "bytes_out": 1_000}
        return a_room("hubbub", 0.01, load="room sizes", members=count, redis=used)

    verdicts = [t.met for t in judged([members(10, 100), members(1_000, 200)], "members, R=1")]
    assert verdicts == [False, True]


def test_the_report_says_where_the_load_client_was_the_limit_and_what_was_left_out() -> None:
    run = {
        "machine": MACHINE,
        "quick": True,
        "records": [a_room("hubbub", 0.01, load="hot", loop_stall_ms=4.56)],
        "left_out": [{"scenario": "room", "title": "nchan: a room", "why": "no module"}],
    }
    report = text(run)
    assert "it was the limit" in report
    assert "nchan: a room: no module" in report
    assert "0123456789" in report
    assert "4.56" in report  # the longest loop stall, in ms
    assert "mean nothing" in report


def test_a_run_is_written_between_the_markers_with_its_plots(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"by hand\n\n{BEGIN}\nold\n{END}\n\nby hand, too\n")
    records = [a_room("hubbub", 0.01), a_room("nchan", 0.01)]
    run = {"machine": MACHINE, "quick": False, "records": records, "left_out": []}
    for _ in range(2):
        write(run, page, tmp_path / "images")
    written = page.read_text()
    assert written.startswith(f"by hand\n\n{BEGIN}\nMeasured by")
    assert written.endswith(f"{END}\n\nby hand, too\n")
    assert "old" not in written
    pictures = sorted(file.name for file in (tmp_path / "images").iterdir())
    assert pictures == ["bench-cpu.svg", "bench-latency.svg"]
    assert all(f"images/{name}" in written for name in pictures)


@pytest.mark.parametrize("sizes", [FULL, QUICK])
def test_every_scenario_can_be_run_alone_with_enough_users(sizes: Any) -> None:
    for scenario in SCENARIOS:
        alone = steps(sizes, [scenario], [])
        assert {step.scenario for step in alone} - {"users"} == {scenario}
        if any(step.system == "hubbub" for step in alone):
            assert alone[0].scenario == "users"
            assert alone[0].users == max(step.users for step in alone)

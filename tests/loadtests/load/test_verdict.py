"""A run is judged by what was measured, and by nothing else; a slow generator judges nobody."""

import pytest

from loadtests.lib import exit_codes
from loadtests.load.plan import Limits
from loadtests.load.run_series import (
    CONNECT,
    DELIVER,
    GAP,
    HTTP,
    KINDS,
    RESUME,
    SEND,
    Generator,
    Mark,
    Second,
    Series,
)
from loadtests.load.verdict import (
    MISSED,
    NOT_JUDGED,
    bottleneck,
    exit_status,
    judge,
    table,
)

LIMITS = Limits()


def a_second(at: int = 1, cpu_percent: float = 10, lag_ms: float = 1) -> Second:
    second = Second(at, users=2, checked=10)
    second.generators["one"] = Generator(cpu_percent, lag_ms)
    for kind in KINDS:
        second.latency(kind).add(0.01)
    return second


def a_series(*seconds: Second) -> Series:
    series = Series()
    for second in seconds:
        series.add(second)
    return series


def missed(series: Series) -> list[str]:
    return [row.what for row in judge(series, LIMITS) if row.verdict == MISSED]


def test_a_run_that_kept_everything_is_met() -> None:
    rows = judge(a_series(a_second()), LIMITS)
    assert exit_status(rows) == exit_codes.PASSED
    assert "missed" not in table(rows)


def test_one_gap_is_too_many() -> None:
    second = a_second()
    second.faults[GAP] = 1
    assert missed(a_series(second)) == ["gaps"]
    assert exit_status(judge(a_series(second), LIMITS)) == exit_codes.FAILED


def test_a_latency_over_its_limit_is_missed() -> None:
    second = a_second()
    for kind in (CONNECT, SEND, DELIVER, RESUME):
        second.latency(kind).add(60)
    assert missed(a_series(second)) == ["CONNECT p99", "SEND p99", "DELIVER p99", "RESUME p99"]


def test_failures_are_counted_against_all_that_was_tried() -> None:
    second = a_second()
    for _ in range(1_000):
        second.latency(HTTP).add(0.01)
    second.failures[HTTP] = 1
    assert missed(a_series(second)) == []
    second.failures[HTTP] = 2
    assert missed(a_series(second)) == ["failures"]


def test_a_run_in_which_nothing_happened_met_nothing() -> None:
    rows = {row.what: row.verdict for row in judge(a_series(Second(1)), LIMITS)}
    assert {what for what, verdict in rows.items() if verdict == MISSED} == {
        *("gaps", "doubles", "orders", "CONNECT p99", "SEND p99", "DELIVER p99")
    }


def test_when_the_generator_was_late_latencies_are_not_judged_and_gaps_still_are() -> None:
    late = a_second(lag_ms=500)
    late.latency(DELIVER).add(60)
    series = a_series(late)
    rows = {row.what: row.verdict for row in judge(series, LIMITS)}
    assert rows["DELIVER p99"] == rows["failures"] == NOT_JUDGED
    assert exit_status(judge(series, LIMITS)) == exit_codes.GENERATOR_LIMITED
    late.faults[GAP] = 1
    assert exit_status(judge(a_series(late), LIMITS)) == exit_codes.FAILED


def test_one_busy_process_of_several_is_a_bottleneck_and_one_late_moment_is_none() -> None:
    seconds = [a_second(at) for at in range(40)]
    for second in seconds:
        second.generators["two"] = Generator(99, 1)
    assert "two used more than 90 % of a core in 40 of 40 s" in bottleneck(
        a_series(*seconds), LIMITS
    )
    one_late = [a_second(at, lag_ms=500 if at == 7 else 1) for at in range(40)]
    assert bottleneck(a_series(*one_late), LIMITS) == ""


@pytest.mark.parametrize("shape", ["herd", "deploy"])
def test_a_shape_that_drops_sockets_shows_nothing_when_nobody_came_back(shape: str) -> None:
    second = a_second()
    del second.latencies[RESUME]
    series = a_series(second)
    assert missed(series) == []
    series.facts["shape"] = "steps"
    assert missed(series) == []
    series.facts["shape"] = shape
    assert missed(series) == ["RESUME p99"]
    assert exit_status(judge(series, LIMITS)) == exit_codes.FAILED


def test_a_deploy_that_failed_fails_the_run() -> None:
    series = a_series(a_second())
    series.marks.append(Mark(1.0, "The replicas have rolled."))
    assert missed(series) == []
    series.marks.append(Mark(2.0, "No deploy: no such stack", failed=True))
    assert missed(Series.from_json(series.to_json())) == ["deeds that failed"]


def test_a_worker_that_died_or_never_came_is_missed() -> None:
    seconds = [a_second(at) for at in range(60)]
    for second in seconds:
        second.generators["two"] = Generator(10, 1)
    series = a_series(*seconds)
    series.facts["workers"] = 2
    assert missed(series) == []
    series.facts["workers"] = 3
    assert missed(series) == ["workers"]
    series.facts["workers"] = 2
    for second in seconds[30:]:
        del series.seconds[second.at].generators["two"]
    assert missed(series) == ["workers"]

"""A run's verdict follows from its measurements. No latency counts if the generator is slow."""

import pytest

from loadtests.lib import exit_codes
from loadtests.lib.measurements.limits import RunLimits, bottleneck
from loadtests.lib.measurements.series import (
    CONNECT,
    DELIVER,
    GAP,
    HTTP,
    KINDS,
    RESUME,
    SEND,
    Annotation,
    GeneratorUsage,
    Second,
    Series,
)
from loadtests.load.verdict import MISSED, NOT_JUDGED, exit_status, judge, table

LIMITS = RunLimits()


def make_second(at: int = 1, cpu_percent: float = 10, lag_ms: float = 1) -> Second:
    second = Second(at, users=2, checked=10)
    second.generators["one"] = GeneratorUsage(cpu_percent, lag_ms)
    for kind in KINDS:
        second.latency(kind).record(0.01)
    return second


def make_series(*seconds: Second) -> Series:
    series = Series()
    for second in seconds:
        series.add(second)
    return series


def missed(series: Series) -> list[str]:
    return [row.name for row in judge(series, LIMITS) if row.verdict == MISSED]


def test_a_run_within_all_limits_passes() -> None:
    rows = judge(make_series(make_second()), LIMITS)
    assert exit_status(rows) == exit_codes.PASSED
    assert "missed" not in table(rows)


def test_one_gap_fails_the_run() -> None:
    second = make_second()
    second.order_errors[GAP] = 1
    assert missed(make_series(second)) == ["gaps"]
    assert exit_status(judge(make_series(second), LIMITS)) == exit_codes.FAILED


def test_a_latency_over_its_limit_is_missed() -> None:
    second = make_second()
    for kind in (CONNECT, SEND, DELIVER, RESUME):
        second.latency(kind).record(60)
    assert missed(make_series(second)) == ["CONNECT p99", "SEND p99", "DELIVER p99", "RESUME p99"]


def test_failures_are_a_share_of_all_attempts() -> None:
    second = make_second()
    for _ in range(1_000):
        second.latency(HTTP).record(0.01)
    second.failures[HTTP] = 1
    assert missed(make_series(second)) == []
    second.failures[HTTP] = 2
    assert missed(make_series(second)) == ["failures"]


def test_a_run_in_which_nothing_happened_meets_no_limit() -> None:
    rows = {row.name: row.verdict for row in judge(make_series(Second(1)), LIMITS)}
    assert {name for name, verdict in rows.items() if verdict == MISSED} == {
        *("gaps", "duplicates", "reordered", "CONNECT p99", "SEND p99", "DELIVER p99")
    }


def test_with_a_late_generator_latencies_are_not_judged_but_gaps_are() -> None:
    late = make_second(lag_ms=500)
    late.latency(DELIVER).record(60)
    series = make_series(late)
    rows = {row.name: row.verdict for row in judge(series, LIMITS)}
    assert rows["DELIVER p99"] == rows["failures"] == NOT_JUDGED
    assert exit_status(judge(series, LIMITS)) == exit_codes.GENERATOR_LIMITED
    late.order_errors[GAP] = 1
    assert exit_status(judge(make_series(late), LIMITS)) == exit_codes.FAILED


def test_one_busy_process_is_a_bottleneck_but_one_late_moment_is_not() -> None:
    seconds = [make_second(at) for at in range(40)]
    for second in seconds:
        second.generators["two"] = GeneratorUsage(99, 1)
    assert "two used more than 90 % of a core in 40 of 40 s" in bottleneck(
        make_series(*seconds), LIMITS
    )
    one_late = [make_second(at, lag_ms=500 if at == 7 else 1) for at in range(40)]
    assert bottleneck(make_series(*one_late), LIMITS) == ""


@pytest.mark.parametrize("shape", ["herd", "deploy"])
def test_a_shape_that_drops_connections_fails_if_no_client_resumed(shape: str) -> None:
    second = make_second()
    del second.latencies[RESUME]
    series = make_series(second)
    assert missed(series) == []
    series.facts["shape"] = "steps"
    assert missed(series) == []
    series.facts["shape"] = shape
    assert missed(series) == ["RESUME p99"]
    assert exit_status(judge(series, LIMITS)) == exit_codes.FAILED


def test_a_deploy_that_failed_fails_the_run() -> None:
    series = make_series(make_second())
    series.annotations.append(Annotation(1.0, "All replicas have restarted."))
    assert missed(series) == []
    series.annotations.append(Annotation(2.0, "The deploy failed: no such stack", failed=True))
    assert missed(Series.from_json(series.to_json())) == ["actions that failed"]


def test_a_worker_that_died_or_never_connected_fails_the_run() -> None:
    seconds = [make_second(at) for at in range(60)]
    for second in seconds:
        second.generators["two"] = GeneratorUsage(10, 1)
    series = make_series(*seconds)
    series.facts["workers"] = 2
    assert missed(series) == []
    series.facts["workers"] = 3
    assert missed(series) == ["workers"]
    series.facts["workers"] = 2
    for second in seconds[30:]:
        del series.seconds[second.at].generators["two"]
    assert missed(series) == ["workers"]

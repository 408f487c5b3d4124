"""Values and percentiles over time are right even if counters restart or samples are missing."""

import json
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.monitoring.prometheus import Scrape
from loadtests.lib.monitoring.time_series import parse, quantile, rates

gains = st.lists(st.integers(0, 10_000), min_size=1, max_size=30)


def lines(*rows: dict[str, dict[str, float]]) -> list[str]:
    return [json.dumps({"at": 1_000.0 + at, "parts": parts}) for at, parts in enumerate(rows)]


@given(gains)
def test_the_rates_of_a_counter_add_up_to_its_growth(gained: list[int]) -> None:
    counter = [(2.0 * at, float(value)) for at, value in enumerate(accumulate(gained, initial=7))]
    assert sum(rate * 2 for _, rate in rates(counter)) == pytest.approx(sum(gained))


@given(gains, gains)
def test_a_counter_that_restarts_keeps_growing(before: list[int], after: list[int]) -> None:
    """The first process counts so high that the drop can only mean a restart."""
    first = [float(value) for value in accumulate(before, initial=1_000_000)]
    second = [float(value) for value in accumulate(after)]
    counter = [(float(at), value) for at, value in enumerate([*first, *second])]
    found = [rate for _, rate in rates(counter)]
    assert all(rate >= 0 for rate in found)
    assert sum(found) == pytest.approx(sum(before) + sum(after))


def test_a_sum_that_falls_a_little_has_not_grown() -> None:
    assert rates([(0, 500.0), (1, 499.0), (2, 500.0)]) == [(1, 0.0), (2, 1.0)]


@given(st.lists(st.floats(0.0001, 9), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_percentile_lies_in_its_bucket(values: list[float], share: float) -> None:
    bounds = [0.001, 0.01, 0.1, 1.0, 10.0, float("inf")]
    cumulative = {upper: float(sum(value <= upper for value in values)) for upper in bounds}
    found = quantile(cumulative, share)
    assert found is not None
    ordered = sorted(values)
    exact = ordered[min(len(values) - 1, max(0, -int(-share * len(values) // 1) - 1))]
    upper = next(bound for bound in bounds if exact <= bound)
    lower = max((bound for bound in bounds if bound < upper), default=0.0)
    assert lower <= found <= upper


def test_percentiles_are_those_of_each_second() -> None:
    counted = [(0.0, 0.0), (100.0, 100.0), (100.0, 200.0), (100.0, 200.0)]
    rows = [
        {"a_bucket:0.1": few, "a_bucket:1.0": all, "a_bucket:+Inf": all} for few, all in counted
    ]
    samples = parse(lines(*({"realtime-1": row} for row in rows)))
    found = samples.quantiles("realtime-1", "a", 0.5)
    assert [at for at, _ in found] == [1.0, 2.0], "a second without measurements has no percentile"
    assert found[0][1] <= 0.1 < found[1][1]


def test_a_part_that_was_not_sampled_has_no_value_then() -> None:
    samples = parse(lines({"redis": {"clients": 3.0}}, {}, {"redis": {"clients": 4.0}}))
    assert samples.values("redis", "clients") == [(0.0, 3.0), (2.0, 4.0)]
    assert samples.values("postgres", "connections") == []


def test_unsampled_parts_and_failures_are_read() -> None:
    unseen = [json.dumps({"unseen": ["Redis (no --redis)"]})]
    failed = [json.dumps({"at": 1.0, "failed": "web-1's metrics", "why": "refused"})]
    samples = parse([*unseen, *lines({}), *failed])
    assert samples.unseen == ["Redis (no --redis)"]
    assert samples.failures == {"web-1's metrics": "refused"}


def test_a_scrape_sums_labels_but_keeps_buckets_and_maxima_apart() -> None:
    shown = Scrape(
        "# TYPE hubbub_a counter\n"
        'hubbub_a_total{cause="lost"} 2\nhubbub_a_total{cause="bus_lost"} 3\n'
        "# TYPE hubbub_b_seconds histogram\n"
        'hubbub_b_seconds_bucket{le="0.1"} 4\nhubbub_b_seconds_bucket{le="+Inf"} 5\n'
        "hubbub_b_seconds_sum 1\nhubbub_b_seconds_count 5\n"
        "# TYPE hubbub_held_seconds gauge\n"
        'hubbub_held_seconds{last="10"} 0.2\nhubbub_held_seconds{last="60"} 0.9\n'
        "# TYPE python_info gauge\npython_info 1\n"
    )
    assert shown.sums() == {
        "hubbub_a_total": 5,
        "hubbub_b_seconds_bucket:0.1": 4,
        "hubbub_b_seconds_bucket:+Inf": 5,
        "hubbub_b_seconds_sum": 1,
        "hubbub_b_seconds_count": 5,
        "hubbub_held_seconds:10": 0.2,
        "hubbub_held_seconds:60": 0.9,
    }

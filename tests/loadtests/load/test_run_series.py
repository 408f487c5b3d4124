"""What several processes of a load measured adds up to what one would have measured."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from loadtests.load.histogram import BUCKETS_PER_DOUBLING, Histogram
from loadtests.load.run_series import FAULTS, KINDS, Generator, Mark, Second, Series

durations = st.lists(st.floats(min_value=1e-6, max_value=1_000))
counts = st.integers(0, 1_000)
histograms = durations.map(lambda seconds: histogram_of(seconds))
names = st.sampled_from(["a", "b", "c"])


@st.composite
def seconds_of(draw: st.DrawFn) -> Second:
    return Second(
        at=draw(st.integers(1, 4)),
        users=draw(counts),
        sockets=draw(st.dictionaries(names, counts)),
        latencies=draw(st.dictionaries(st.sampled_from(KINDS), histograms)),
        failures=draw(st.dictionaries(st.sampled_from(KINDS), counts)),
        faults=draw(st.dictionaries(st.sampled_from(FAULTS), counts)),
        checked=draw(counts),
        caught_up=draw(counts),
        lost=draw(counts),
    )


def histogram_of(seconds: list[float]) -> Histogram:
    histogram = Histogram()
    for one in seconds:
        histogram.add(one)
    return histogram


@given(durations, durations)
def test_two_histograms_merged_are_the_one_of_all_durations(
    first: list[float], second: list[float]
) -> None:
    merged = histogram_of(first)
    merged.merge(histogram_of(second))
    assert merged == histogram_of(first + second)


@given(durations.filter(bool), st.floats(0.1, 100))
def test_a_percentile_is_at_most_one_bucket_above_the_true_one(
    seconds: list[float], percent: float
) -> None:
    ordered = sorted(max(1, round(one * 1e6)) for one in seconds)
    true = next(
        us
        for number, us in enumerate(ordered, start=1)
        if number / len(ordered) >= percent / 100 - 1e-12
    )
    found = histogram_of(seconds).percentile_ms(percent)
    assert found is not None
    width = 2 ** (1 / BUCKETS_PER_DOUBLING)
    assert true * (1 - 1e-9) <= found * 1000 <= true * width * (1 + 1e-9)


def test_nothing_measured_has_no_percentile() -> None:
    assert Histogram().percentile_ms(99) is None


def test_a_message_from_the_future_counts_as_at_once() -> None:
    """Clocks of two machines differ by a little."""
    assert histogram_of([-0.2]).max_us == 1


@given(st.lists(seconds_of()))
def test_in_whatever_order_seconds_come_the_series_is_the_same(
    seconds: list[Second],
) -> None:
    there, back = Series(), Series()
    for second in seconds:
        there.add(second)
    for second in reversed(seconds):
        back.add(second)
    assert there == back
    total = there.total()
    assert total.checked == sum(second.checked for second in seconds)
    for kind in KINDS:
        measured = sum(one.latencies[kind].count for one in seconds if kind in one.latencies)
        assert total.latency(kind).count == measured


@given(st.lists(seconds_of()))
def test_a_series_survives_its_file(seconds: list[Second]) -> None:
    series = Series({"shape": "steps"}, marks=[Mark(1.5, "all drop")])
    for second in seconds:
        series.add(second)
    assert Series.from_json(json.loads(json.dumps(series.to_json()))) == series


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    series = Series({"users": 5})
    series.add(Second(7, users=5, generators={"pid 1": Generator(12.5, 3.0)}))
    series.write(tmp_path / "series.json")
    assert Series.read(tmp_path / "series.json") == series

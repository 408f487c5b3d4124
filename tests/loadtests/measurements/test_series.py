"""The measurements of several processes add up to what one process would have measured."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.measurements.histogram import Histogram
from loadtests.lib.measurements.series import (
    KINDS,
    ORDER_ERRORS,
    Annotation,
    GeneratorUsage,
    Second,
    Series,
    UnknownVersionError,
)

durations = st.lists(st.floats(min_value=1e-6, max_value=1_000))
counts = st.integers(0, 1_000)
histograms = durations.map(lambda seconds: histogram_of(seconds))
names = st.sampled_from(["a", "b", "c"])
WIDTH = 1.01  # the ratio of a bucket's edges at two significant digits


@st.composite
def seconds_of(draw: st.DrawFn) -> Second:
    return Second(
        at=draw(st.integers(1, 4)),
        users=draw(counts),
        connections=Counter(draw(st.dictionaries(names, counts))),
        latencies=draw(st.dictionaries(st.sampled_from(KINDS), histograms)),
        failures=Counter(draw(st.dictionaries(st.sampled_from(KINDS), counts))),
        order_errors=Counter(draw(st.dictionaries(st.sampled_from(ORDER_ERRORS), counts))),
        checked=draw(counts),
        caught_up=draw(counts),
        lost=draw(counts),
    )


def histogram_of(seconds: list[float]) -> Histogram:
    histogram = Histogram()
    for one in seconds:
        histogram.record(one)
    return histogram


@given(durations, durations)
def test_two_merged_histograms_equal_the_one_of_all_durations(
    first: list[float], second: list[float]
) -> None:
    merged = histogram_of(first)
    merged.merge(histogram_of(second))
    assert merged == histogram_of(first + second)


@given(durations, durations)
def test_a_packed_histogram_can_be_read_and_changed(
    first: list[float], second: list[float]
) -> None:
    packed = histogram_of(first)
    packed.pack()
    assert packed.count == len(first)
    assert packed == Histogram.from_json(packed.to_json()) == histogram_of(first)
    packed.merge(histogram_of(second))
    assert packed == histogram_of(first + second)


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
    assert true <= found * 1000 * (1 + 1e-9)
    assert found * 1000 <= true * WIDTH * (1 + 1e-9)


def test_nothing_measured_has_no_percentile() -> None:
    assert Histogram().percentile_ms(99) is None
    assert Histogram().count == Histogram().max_ms == 0


def test_a_message_from_the_future_counts_as_immediate() -> None:
    """Two machines' clocks differ slightly, so a message can seem to arrive before it is sent."""
    assert histogram_of([-0.2]).max_ms == 0.001


def test_a_duration_of_more_than_an_hour_counts_as_an_hour() -> None:
    assert 3_600_000 <= histogram_of([10_000]).max_ms <= 3_600_000 * WIDTH


@given(st.lists(seconds_of()))
def test_the_order_in_which_seconds_are_added_does_not_matter(seconds: list[Second]) -> None:
    forwards, backwards = Series(), Series()
    for second in seconds:
        forwards.add(second)
    for second in reversed(seconds):
        backwards.add(second)
    assert forwards == backwards
    total = forwards.total()
    assert total.checked == sum(second.checked for second in seconds)
    for kind in KINDS:
        measured = sum(one.latencies[kind].count for one in seconds if kind in one.latencies)
        assert total.latency(kind).count == measured


@given(st.lists(seconds_of()))
def test_a_series_survives_encoding(seconds: list[Second]) -> None:
    series = Series({"shape": "steps"}, annotations=[Annotation(1.5, "all drop")])
    for second in seconds:
        series.add(second)
    assert Series.from_json(json.loads(json.dumps(series.to_json()))) == series


def test_a_written_series_is_read_back(tmp_path: Path) -> None:
    series = Series({"users": 5})
    series.add(Second(7, users=5, generators={"pid 1": GeneratorUsage(12.5, 3.0)}))
    series.write(tmp_path / "series.json")
    assert Series.read(tmp_path / "series.json") == series


def test_a_series_of_another_version_is_refused() -> None:
    """Version 1 had other names for the order errors. If read, it would seem to have none."""
    old = Series({"users": 5}).to_json() | {"version": 1}
    with pytest.raises(UnknownVersionError, match="has version 1"):
        Series.from_json(old)

"""The capacity search finds a known limit, and says which part was the limit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity.criteria import GENERATOR, MACHINE, REPLICA, Criteria, MeasuredLoad, failure
from loadtests.capacity.search import SearchResult, climb, doubling, narrow

CRITERIA = Criteria(delivery_p99_ms=250, cpu_percent=80, memory_mib=768)
GOOD = MeasuredLoad(
    connections=100,
    messages_per_second=10,
    acked_per_second=10,
    deliveries_per_second=1_000,
    delivery_p99_ms=20,
    cpu_percent=30,
    memory_mib=200,
    errors=0,
    generator_percent=10,
    machine_percent=60,
)
SLOW = replace(GOOD, delivery_p99_ms=900)


def a_server(knee: float) -> Callable[[float], MeasuredLoad]:
    """Simulate a replica that passes up to a certain rate, and fails above that rate."""
    return lambda rate: GOOD if rate <= knee else SLOW


def search(measure: Callable[[float], MeasuredLoad], within: float = 0.1) -> SearchResult:
    result = climb(measure, doubling(50, 20_000), CRITERIA)
    return narrow(measure, result, CRITERIA, within)


@given(st.floats(50, 19_999), st.floats(0.01, 0.5))
def test_a_known_limit_is_found_with_the_wanted_precision(knee: float, within: float) -> None:
    result = search(a_server(knee), within)
    assert result.failed is not None
    assert result.passed <= knee < result.failed <= result.passed * (1 + within) * 1.000_001
    assert result.limit is not None
    assert result.limit.limited_by == REPLICA
    assert result.best_step() == GOOD


@given(st.floats(50, 19_999))
def test_the_search_takes_few_steps(knee: float) -> None:
    assert len(search(a_server(knee)).steps) <= 9 + 2 + 2 * 3


def test_a_server_that_passes_every_step_has_no_limit_yet() -> None:
    result = search(a_server(1e9))
    assert (result.passed, result.failed, result.limit) == (20_000, None, None)


def test_a_server_that_fails_every_step_has_no_capacity() -> None:
    result = search(a_server(0))
    assert (result.passed, result.failed, len(result.steps)) == (0, 50, 2)
    assert result.best_step() is None


@given(st.floats(101, 10_000))
def test_a_single_hiccup_is_no_limit(knee: float) -> None:
    hiccups = iter([True])

    def measure(rate: float) -> MeasuredLoad:
        if rate > 60 and next(hiccups, False):
            return SLOW
        return a_server(knee)(rate)

    result = search(measure)
    assert result.failed is not None
    assert result.passed <= knee < result.failed


@pytest.mark.parametrize(
    ("change", "limited_by"),
    [
        ({"cpu_percent": 95.0}, REPLICA),
        ({"memory_mib": 900.0}, REPLICA),
        ({"delivery_p99_ms": 300.0}, REPLICA),
        ({"errors": 1}, REPLICA),
        # Of the requested messages, 10 a second were acknowledged.
        ({"messages_per_second": 12.0}, REPLICA),
        ({"messages_per_second": 12.0, "generator_percent": 95.0}, GENERATOR),
        ({"delivery_p99_ms": 300.0, "generator_percent": 95.0}, GENERATOR),
        ({"delivery_p99_ms": 300.0, "generator_late": "its loop was late"}, GENERATOR),
        ({"delivery_p99_ms": 300.0, "machine_percent": 99.0}, MACHINE),
        ({"errors": 1, "machine_percent": 99.0}, MACHINE),
        # If the replica used too much itself, it was the limit, however busy everything else was.
        ({"cpu_percent": 95.0, "generator_percent": 99.0, "machine_percent": 99.0}, REPLICA),
    ],
)
def test_a_failure_is_attributed_to_what_was_the_limit(
    change: dict[str, Any], limited_by: str
) -> None:
    failed = failure(replace(GOOD, **change), CRITERIA)
    assert failed is not None
    assert failed.limited_by == limited_by
    assert failed.reason


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_busy_generator_or_machine_alone_is_no_failure(generator: float, machine: float) -> None:
    busy = replace(GOOD, generator_percent=generator, machine_percent=machine)
    assert failure(busy, CRITERIA) is None


def test_figures_that_are_not_known_do_not_fail() -> None:
    unseen = replace(GOOD, cpu_percent=None, memory_mib=None, machine_percent=None)
    assert failure(unseen, CRITERIA) is None


@given(st.floats(1, 20_000), st.floats(0, 1))
def test_a_load_of_which_more_than_a_tenth_is_not_acked_fails(asked: float, share: float) -> None:
    step = replace(GOOD, messages_per_second=asked, acked_per_second=asked * share)
    assert (failure(step, CRITERIA) is None) == (asked * share >= 0.9 * asked)


@pytest.mark.parametrize(("acked", "passes"), [(8.0, True), (6.0, False)])
def test_fewer_acks_pass_if_users_speak_at_random_moments(acked: float, passes: bool) -> None:
    step = replace(GOOD, acked_per_second=acked, random_seconds=27)
    assert (failure(step, CRITERIA) is None) == passes

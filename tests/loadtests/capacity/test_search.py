"""The search for what a replica holds finds a known limit, and tells whose limit it was."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity.criteria import GENERATOR, MACHINE, REPLICA, Promise, Step, broken
from loadtests.capacity.search import Found, climb, doubling, narrow

PROMISE = Promise(deliver_p99_ms=250, cpu_percent=80, memory_mib=768)
GOOD = Step(
    sockets=100,
    messages_per_second=10,
    answered_per_second=10,
    deliveries_per_second=1_000,
    deliver_p99_ms=20,
    cpu_percent=30,
    memory_mib=200,
    wrong=0,
    generator_percent=10,
    machine_percent=60,
)
SLOW = replace(GOOD, deliver_p99_ms=900)


def a_server(knee: float) -> Callable[[float], Step]:
    """A replica that keeps everything up to a rate, and nothing above."""
    return lambda rate: GOOD if rate <= knee else SLOW


def search(measure: Callable[[float], Step], within: float = 0.1) -> Found:
    found = climb(measure, doubling(50, 20_000), PROMISE)
    return narrow(measure, found, PROMISE, within)


@given(st.floats(50, 19_999), st.floats(0.01, 0.5))
def test_a_known_limit_is_found_as_closely_as_was_asked(knee: float, within: float) -> None:
    found = search(a_server(knee), within)
    assert found.broke is not None
    assert found.held <= knee < found.broke <= found.held * (1 + within) * 1.000_001
    assert found.limit is not None
    assert found.limit.whose == REPLICA
    assert found.step() == GOOD


@given(st.floats(50, 19_999))
def test_the_search_takes_few_steps(knee: float) -> None:
    assert len(search(a_server(knee)).steps) <= 9 + 2 + 2 * 3


def test_a_server_that_keeps_all_that_is_tried_has_no_limit_yet() -> None:
    found = search(a_server(1e9))
    assert (found.held, found.broke, found.limit) == (20_000, None, None)


def test_a_server_that_keeps_nothing_holds_nothing() -> None:
    found = search(a_server(0))
    assert (found.held, found.broke, len(found.steps)) == (0, 50, 2)
    assert found.step() is None


@given(st.floats(101, 10_000))
def test_a_single_hiccup_is_no_limit(knee: float) -> None:
    hiccups = iter([True])

    def measure(rate: float) -> Step:
        if rate > 60 and next(hiccups, False):
            return SLOW
        return a_server(knee)(rate)

    found = search(measure)
    assert found.broke is not None
    assert found.held <= knee < found.broke


@pytest.mark.parametrize(
    ("change", "whose"),
    [
        ({"cpu_percent": 95.0}, REPLICA),
        ({"memory_mib": 900.0}, REPLICA),
        ({"deliver_p99_ms": 300.0}, REPLICA),
        ({"wrong": 1}, REPLICA),
        ({"messages_per_second": 12.0}, REPLICA),  # of which 10 were answered
        ({"messages_per_second": 12.0, "generator_percent": 95.0}, GENERATOR),
        ({"deliver_p99_ms": 300.0, "generator_percent": 95.0}, GENERATOR),
        ({"deliver_p99_ms": 300.0, "generator_late": "its loop was late"}, GENERATOR),
        ({"deliver_p99_ms": 300.0, "machine_percent": 99.0}, MACHINE),
        ({"wrong": 1, "machine_percent": 99.0}, MACHINE),
        # What the replica used is its own, however busy the others were.
        ({"cpu_percent": 95.0, "generator_percent": 99.0, "machine_percent": 99.0}, REPLICA),
    ],
)
def test_what_breaks_is_laid_to_whom_it_belongs(change: dict[str, Any], whose: str) -> None:
    breaks = broken(replace(GOOD, **change), PROMISE)
    assert breaks is not None
    assert breaks.whose == whose
    assert breaks.why


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_busy_generator_or_machine_alone_breaks_nothing(generator: float, machine: float) -> None:
    busy = replace(GOOD, generator_percent=generator, machine_percent=machine)
    assert broken(busy, PROMISE) is None


def test_what_cannot_be_seen_does_not_break() -> None:
    unseen = replace(GOOD, cpu_percent=None, memory_mib=None, machine_percent=None)
    assert broken(unseen, PROMISE) is None


@given(st.floats(1, 20_000), st.floats(0, 1))
def test_a_load_of_which_a_tenth_is_not_answered_is_not_kept(asked: float, share: float) -> None:
    step = replace(GOOD, messages_per_second=asked, answered_per_second=asked * share)
    assert (broken(step, PROMISE) is None) == (asked * share >= 0.9 * asked)


@pytest.mark.parametrize(("answered", "kept"), [(8.0, True), (6.0, False)])
def test_fewer_may_be_answered_where_people_speak_by_chance(answered: float, kept: bool) -> None:
    step = replace(GOOD, answered_per_second=answered, chance_seconds=27)
    assert (broken(step, PROMISE) is None) == kept

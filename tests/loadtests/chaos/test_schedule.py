"""The schedule of a fault test: what is drawn from a seed, and the rule of overlaps."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.chaos.fault_catalogue import KIND_BY_NAME, KINDS
from loadtests.chaos.fault_kind import Kind, Mechanism, possible
from loadtests.chaos.faults import FAULTS
from loadtests.chaos.schedule import DoesNotFit, Entry, choose, draw, least_seconds, named

SEEDS = st.integers(0, 10_000)


@given(SEEDS)
def test_every_fault_comes_within_two_minutes(seed: int) -> None:
    schedule = draw(seed, 120)
    assert {entry.kind for entry in schedule} == set(KINDS)
    assert max(entry.settled for entry in schedule) <= 120


@given(SEEDS, st.integers(120, 700))
def test_the_same_seed_gives_the_same_schedule(seed: int, seconds: int) -> None:
    assert draw(seed, seconds) == draw(seed, seconds)


def test_another_seed_gives_another_schedule() -> None:
    assert draw(1, 120) != draw(2, 120)


@given(SEEDS, st.integers(120, 700))
def test_faults_overlap_only_where_each_has_its_promise(seed: int, seconds: int) -> None:
    for one, other in combinations(draw(seed, seconds), 2):
        if one.at < other.settled and other.at < one.settled:
            assert one.kind.part is not other.kind.part
            assert not one.kind.outage
            assert not other.kind.outage


@given(SEEDS)
def test_faults_do_overlap(seed: int) -> None:
    pairs = combinations(draw(seed, 120), 2)
    assert any(one.at < other.ends and other.at < one.ends for one, other in pairs)


@given(SEEDS, st.integers(120, 700))
def test_a_longer_schedule_is_filled_to_its_end(seed: int, seconds: int) -> None:
    shortest = min(kind.whole_seconds for kind in KINDS)
    ends = max(entry.settled for entry in draw(seed, seconds))
    assert seconds - shortest <= ends <= seconds


@given(SEEDS, st.integers(50, 120))
def test_a_short_run_has_every_mechanism(seed: int, seconds: int) -> None:
    chosen = choose(seed, seconds)
    assert {kind.mechanism for kind in chosen} == set(Mechanism)
    assert max(entry.settled for entry in draw(seed, seconds, chosen)) <= seconds


@given(SEEDS)
def test_alone_means_that_no_two_overlap(seed: int) -> None:
    seconds = least_seconds(KINDS, alone=True)
    schedule = draw(seed, seconds, alone=True)
    assert {entry.kind for entry in schedule} == set(KINDS)
    assert all(one.settled < other.at for one, other in pairwise(schedule))
    some = choose(seed, 120, alone=True)
    assert {kind.mechanism for kind in some} == set(Mechanism)
    assert max(entry.settled for entry in draw(seed, 120, some, alone=True)) <= 120


def test_what_does_not_fit_is_refused_with_a_sentence() -> None:
    with pytest.raises(DoesNotFit, match="give more time, or fewer of them"):
        draw(1, 60)


def test_no_faults_at_all_are_refused_with_a_sentence() -> None:
    with pytest.raises(DoesNotFit, match="none of these faults can be done here"):
        draw(1, 120, [])


def test_what_a_machine_lacks_is_left_out() -> None:
    assert possible(KINDS, has_net=True, has_clocks=True) == list(KINDS)
    clocks = {kind for kind in KINDS if kind.mechanism is Mechanism.CLOCK}
    assert clocks
    assert set(KINDS) - set(possible(KINDS, has_net=True, has_clocks=False)) == clocks
    on_loopback = possible(KINDS, has_net=False, has_clocks=True)
    assert {kind.name for kind in on_loopback} >= {"replica-killed", "redis-gone"}
    assert not clocks & set(on_loopback)
    assert not any(kind.needs_net for kind in on_loopback)


def test_faults_are_called_by_their_names() -> None:
    assert named("redis-gone, replica-killed") == [
        KIND_BY_NAME["redis-gone"],
        KIND_BY_NAME["replica-killed"],
    ]
    with pytest.raises(KeyError):
        named("redis-gone,earthquake")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_can_be_done_and_promises_something(kind: Kind) -> None:
    assert kind.name in FAULTS
    assert any(seconds is not None for seconds in (kind.promise.silence, kind.promise.answered))
    assert (kind.promise.answered is not None) >= (kind.outage and kind.promise.silence is None)


def test_an_entry_says_what_is_done_and_when() -> None:
    assert str(Entry(3, KIND_BY_NAME["redis-gone"], 0)) == "   3.0 s  redis-gone for 30 s"

"""The schedule of a fault test is drawn from a seed, and faults overlap only where they may."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.chaos.fault_catalogue import FAULT_KINDS, KIND_BY_NAME
from loadtests.chaos.fault_kind import FaultKind, Mechanism, supported
from loadtests.chaos.faults import FAULTS
from loadtests.chaos.schedule import DoesNotFit, ScheduledFault, choose, draw, least_seconds, named

SEEDS = st.integers(0, 10_000)


@given(SEEDS)
def test_two_minutes_have_every_fault(seed: int) -> None:
    schedule = draw(seed, 120)
    assert {fault.kind for fault in schedule} == set(FAULT_KINDS)
    assert max(fault.settled for fault in schedule) <= 120


@given(SEEDS, st.integers(120, 700))
def test_the_same_seed_gives_the_same_schedule(seed: int, seconds: int) -> None:
    assert draw(seed, seconds) == draw(seed, seconds)


def test_another_seed_gives_another_schedule() -> None:
    assert draw(1, 120) != draw(2, 120)


@given(SEEDS, st.integers(120, 700))
def test_faults_overlap_only_with_different_targets_and_never_with_outages(
    seed: int, seconds: int
) -> None:
    for one, other in combinations(draw(seed, seconds), 2):
        if one.at < other.settled and other.at < one.settled:
            assert one.kind.target is not other.kind.target
            assert not one.kind.outage
            assert not other.kind.outage


@given(SEEDS)
def test_faults_do_overlap(seed: int) -> None:
    pairs = combinations(draw(seed, 120), 2)
    assert any(one.at < other.ends and other.at < one.ends for one, other in pairs)


@given(SEEDS, st.integers(120, 700))
def test_a_longer_schedule_is_filled_to_the_end(seed: int, seconds: int) -> None:
    shortest = min(kind.total_seconds for kind in FAULT_KINDS)
    ends = max(fault.settled for fault in draw(seed, seconds))
    assert seconds - shortest <= ends <= seconds


@given(SEEDS, st.integers(50, 120))
def test_a_short_run_has_every_mechanism(seed: int, seconds: int) -> None:
    chosen = choose(seed, seconds)
    assert {kind.mechanism for kind in chosen} == set(Mechanism)
    assert max(fault.settled for fault in draw(seed, seconds, chosen)) <= seconds


@given(SEEDS)
def test_with_one_fault_at_a_time_no_two_overlap(seed: int) -> None:
    seconds = least_seconds(FAULT_KINDS, alone=True)
    schedule = draw(seed, seconds, alone=True)
    assert {fault.kind for fault in schedule} == set(FAULT_KINDS)
    assert all(one.settled < other.at for one, other in pairwise(schedule))
    some = choose(seed, 120, alone=True)
    assert {kind.mechanism for kind in some} == set(Mechanism)
    assert max(fault.settled for fault in draw(seed, 120, some, alone=True)) <= 120


def test_faults_that_do_not_fit_are_refused_with_a_sentence() -> None:
    with pytest.raises(DoesNotFit, match="give more time, or fewer of them"):
        draw(1, 60)


def test_an_empty_list_of_faults_is_refused_with_a_sentence() -> None:
    with pytest.raises(DoesNotFit, match="none of these faults can be injected here"):
        draw(1, 120, [])


def test_faults_that_a_machine_does_not_support_are_left_out() -> None:
    assert supported(FAULT_KINDS, has_network=True, has_clocks=True) == list(FAULT_KINDS)
    clocks = {kind for kind in FAULT_KINDS if kind.mechanism is Mechanism.CLOCK}
    assert clocks
    assert (
        set(FAULT_KINDS) - set(supported(FAULT_KINDS, has_network=True, has_clocks=False)) == clocks
    )
    on_loopback = supported(FAULT_KINDS, has_network=False, has_clocks=True)
    assert {kind.name for kind in on_loopback} >= {"replica-killed", "redis-down"}
    assert not clocks & set(on_loopback)
    assert not any(kind.needs_network for kind in on_loopback)


def test_faults_are_selected_by_name() -> None:
    assert named("redis-down, replica-killed") == [
        KIND_BY_NAME["redis-down"],
        KIND_BY_NAME["replica-killed"],
    ]
    with pytest.raises(KeyError):
        named("redis-down,earthquake")


@pytest.mark.parametrize("kind", FAULT_KINDS, ids=lambda kind: kind.name)
def test_every_kind_can_be_injected_and_has_a_limit(kind: FaultKind) -> None:
    assert kind.name in FAULTS
    assert any(seconds is not None for seconds in (kind.limits.silence, kind.limits.recovery))
    assert (kind.limits.recovery is not None) >= (kind.outage and kind.limits.silence is None)


def test_a_scheduled_fault_says_what_happens_and_when() -> None:
    assert str(ScheduledFault(3, KIND_BY_NAME["redis-down"], 0)) == "   3.0 s  redis-down for 30 s"

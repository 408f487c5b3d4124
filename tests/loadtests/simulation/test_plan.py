"""What a crowd will do is drawn from a seed: the same again, and something of everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.simulation.plan import MIN_PEOPLE, Behaviour, Plan

seeds, sizes = st.integers(0, 1_000), st.integers(MIN_PEOPLE, 200)


@given(seeds, sizes)
def test_the_same_seed_draws_the_same_plan(seed: int, people: int) -> None:
    assert Plan.draw(seed, people, 2 * people) == Plan.draw(seed, people, 2 * people)


def test_another_seed_draws_another_plan() -> None:
    assert Plan.draw(1, 50, 100) != Plan.draw(2, 50, 100)


@given(seeds, sizes)
def test_somebody_has_every_habit_and_everybody_a_tab(seed: int, people: int) -> None:
    plan = Plan.draw(seed, people, 2 * people)
    assert set(plan.behaviours) == set(Behaviour)
    assert {tab.person for tab in plan.tabs} == set(range(people))
    assert len(plan.tabs) == 2 * people


@given(seeds, sizes)
def test_everybody_but_the_rovers_is_in_a_room_and_some_rooms_are_public(
    seed: int, people: int
) -> None:
    plan = Plan.draw(seed, people, people)
    seated = {person for room in plan.rooms for person in room.members}
    rovers = {person for person, habit in enumerate(plan.behaviours) if habit is Behaviour.EXPLORE}
    assert seated == set(range(people)) - rovers
    assert {room.public for room in plan.rooms} == {True, False}


@given(seeds, sizes)
def test_who_talks_stays_is_in_the_room_and_shows_it_and_the_first_of_them_made_it(
    seed: int, people: int
) -> None:
    plan = Plan.draw(seed, people, people)
    for number, room in enumerate(plan.rooms):
        assert len(set(room.members)) == len(room.members)
        assert room.members[0] == room.talkers[0]
        for talker in room.talkers:
            assert plan.behaviours[talker] is Behaviour.STAY
            assert talker in room.members
            assert any(tab.person == talker and number in tab.rooms for tab in plan.tabs)


@given(seeds, sizes)
def test_a_tab_shows_only_rooms_that_its_person_is_in(seed: int, people: int) -> None:
    plan = Plan.draw(seed, people, 3 * people)
    for tab in plan.tabs:
        assert all(tab.person in plan.rooms[room].members for room in tab.rooms)


@pytest.mark.parametrize(("people", "tabs"), [(MIN_PEOPLE - 1, 20), (20, 19)])
def test_too_few_are_no_crowd(people: int, tabs: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        Plan.draw(1, people, tabs)

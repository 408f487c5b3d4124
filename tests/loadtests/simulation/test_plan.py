"""A simulation's plan is drawn from a seed. It is reproducible, and contains every behaviour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.simulation.plan import MIN_USERS, Behaviour, Plan

seeds, sizes = st.integers(0, 1_000), st.integers(MIN_USERS, 200)


@given(seeds, sizes)
def test_the_same_seed_draws_the_same_plan(seed: int, users: int) -> None:
    assert Plan.draw(seed, users, 2 * users) == Plan.draw(seed, users, 2 * users)


def test_another_seed_draws_another_plan() -> None:
    assert Plan.draw(1, 50, 100) != Plan.draw(2, 50, 100)


@given(seeds, sizes)
def test_every_behaviour_is_drawn_and_every_user_has_a_tab(seed: int, users: int) -> None:
    plan = Plan.draw(seed, users, 2 * users)
    assert set(plan.behaviours) == set(Behaviour)
    assert {tab.user for tab in plan.tabs} == set(range(users))
    assert len(plan.tabs) == 2 * users


@given(seeds, sizes)
def test_everyone_but_the_explorers_is_in_a_room_and_some_rooms_are_public(
    seed: int, users: int
) -> None:
    plan = Plan.draw(seed, users, users)
    members = {user for room in plan.rooms for user in room.members}
    explorers = {user for user, one in enumerate(plan.behaviours) if one is Behaviour.EXPLORE}
    assert members == set(range(users)) - explorers
    assert {room.public for room in plan.rooms} == {True, False}


@given(seeds, sizes)
def test_talkers_stay_and_show_their_room_and_the_first_created_it(seed: int, users: int) -> None:
    plan = Plan.draw(seed, users, users)
    for number, room in enumerate(plan.rooms):
        assert len(set(room.members)) == len(room.members)
        assert room.members[0] == room.talkers[0]
        for talker in room.talkers:
            assert plan.behaviours[talker] is Behaviour.STAY
            assert talker in room.members
            assert any(tab.user == talker and number in tab.rooms for tab in plan.tabs)


@given(seeds, sizes)
def test_a_tab_shows_only_rooms_of_its_user(seed: int, users: int) -> None:
    plan = Plan.draw(seed, users, 3 * users)
    for tab in plan.tabs:
        assert all(tab.user in plan.rooms[room].members for room in tab.rooms)


@pytest.mark.parametrize(("users", "tabs"), [(MIN_USERS - 1, 20), (20, 19)])
def test_too_few_users_or_tabs_are_refused(users: int, tabs: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        Plan.draw(1, users, tabs)

"""Shapes never have too many users, put each user in their rooms, and keep the message rate."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.load.options import parse
from loadtests.shapes import SHAPES, Shape

shapes = st.builds(
    lambda kind, users, seconds: kind(users, seconds),
    st.sampled_from(list(SHAPES.values())),
    st.integers(1, 200),
    st.floats(5, 10_000),
)
shares = st.floats(0, 1)


@given(shapes, shares)
def test_there_is_always_a_user_and_never_more_than_asked_for(shape: Shape, share: float) -> None:
    assert 1 <= shape.users_at(share * shape.seconds) <= shape.users


@given(shapes)
def test_at_some_time_all_users_are_online(shape: Shape) -> None:
    times = (shape.seconds * percent / 100 for percent in range(100))
    assert max(shape.users_at(at) for at in times) == shape.users


@given(shapes)
def test_every_user_has_a_room_of_each_layer_and_every_room_has_users(shape: Shape) -> None:
    counts = shape.rooms_by_layer()
    rooms = [shape.rooms_of(user) for user in range(shape.users)]
    assert {len(own) for own in rooms} == {len(counts)}
    assert {room for own in rooms for room in own} == set(range(sum(counts)))


@given(shapes)
def test_no_room_is_larger_than_the_size_of_its_layer(shape: Shape) -> None:
    for layer, size in enumerate(shape.layers):
        sizes: dict[int, int] = {}
        for user in range(shape.users):
            room = shape.rooms_of(user)[layer]
            sizes[room] = sizes.get(room, 0) + 1
        assert max(sizes.values()) <= (size or shape.users)


@given(shapes)
def test_actions_are_scheduled_during_the_run_and_in_order(shape: Shape) -> None:
    times = [scheduled.at for scheduled in shape.schedule()]
    assert all(0 < at < shape.seconds for at in times)
    assert all(first < second for first, second in pairwise(times))


def test_a_school_morning_has_the_mean_rate_and_more_in_the_break() -> None:
    school = SHAPES["school"](100, 4_000)
    factors = [school.activity_at(at) for at in range(4_000)]
    assert sum(factors) / len(factors) == pytest.approx(1, abs=0.02)
    assert school.activity_at(500) < 1 < school.activity_at(900)


def test_steps_only_go_up_and_a_spike_comes_down_again() -> None:
    steps = [SHAPES["steps"](100, 400).users_at(at) for at in range(400)]
    assert steps == sorted(steps)
    assert [steps[at] for at in (90, 190, 290, 390)] == [25, 50, 75, 100]
    spike = SHAPES["spike"](100, 100)
    assert [spike.users_at(at) for at in (39, 60, 80)] == [30, 100, 30]


def test_help_describes_each_shape(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    printed = capsys.readouterr().out
    for name, shape in SHAPES.items():
        assert f"{name:<8} {shape.description}" in printed

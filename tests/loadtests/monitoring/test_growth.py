"""A slow leak is found under noise, a step is found, and what only trembles is flat."""

import random

from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.monitoring.growth import growth
from loadtests.lib.monitoring.time_series import Points

HOUR_SECONDS = 3600
START_SECONDS = 600
MOST_SHARE = 0.02
seeds = st.integers(0, 2**32)
levels = st.floats(1, 1e9)


def an_hour(level: float, per_hour: float, noise: float, seed: int) -> Points:
    """What is judged of an hour: a value that grows by a share, and trembles by another."""
    dice = random.Random(seed)
    return [
        (at, level * (1 + per_hour * at / HOUR_SECONDS + dice.gauss(0, noise)))
        for at in range(START_SECONDS, HOUR_SECONDS, 5)
    ]


def grown(points: Points) -> float:
    found = growth(points)
    assert found is not None
    return found.share


@given(levels, st.floats(0.03, 3), st.floats(0, 0.005), seeds)
def test_a_leak_of_three_percent_an_hour_is_found(
    level: float, per_hour: float, noise: float, seed: int
) -> None:
    assert grown(an_hour(level, per_hour, noise, seed)) > MOST_SHARE


@given(levels, st.floats(-3e-1, 5e-3), st.floats(0, 0.02), seeds)
def test_noise_is_no_leak(level: float, per_hour: float, noise: float, seed: int) -> None:
    assert grown(an_hour(level, per_hour, noise, seed)) <= MOST_SHARE


@given(levels, st.floats(0.03, 1), st.integers(START_SECONDS + 700, HOUR_SECONDS - 700))
def test_what_grows_at_once_and_stays_is_found(level: float, share: float, when: int) -> None:
    points = an_hour(level, 0, 0, 0)
    stepped = [(at, value + level * share * (at > when)) for at, value in points]
    assert grown(stepped) > MOST_SHARE


@given(seeds, st.floats(2, 100))
def test_one_outlier_in_ten_is_no_leak(seed: int, times: float) -> None:
    dice = random.Random(seed)
    points = an_hour(100, 0, 0, 0)
    wild = [(at, value * times if dice.random() < 0.1 else value) for at, value in points]
    assert grown(wild) <= MOST_SHARE


def test_too_few_points_say_nothing() -> None:
    assert growth([(float(at), 1.0) for at in range(9)]) is None


def test_what_was_nothing_and_is_something_has_grown_beyond_all_shares() -> None:
    found = growth([(float(at), float(at > 50)) for at in range(100)])
    assert found is not None
    assert found.share == float("inf")

"""`growth` finds a slow leak under noise, and a step. Noise alone counts as no growth."""

import random

from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.monitoring.growth import growth
from loadtests.lib.monitoring.time_series import Points

HOUR_SECONDS = 3600
START_SECONDS = 600
MAX_SHARE = 0.02
seeds = st.integers(0, 2**32)
levels = st.floats(1, 1e9)


def one_hour(level: float, per_hour: float, noise: float, seed: int) -> Points:
    """Return an hour's samples, with noise, of a value that grows by a fraction of its level."""
    random_generator = random.Random(seed)
    return [
        (at, level * (1 + per_hour * at / HOUR_SECONDS + random_generator.gauss(0, noise)))
        for at in range(START_SECONDS, HOUR_SECONDS, 5)
    ]


def grown(points: Points) -> float:
    found = growth(points)
    assert found is not None
    return found.grown / found.level


@given(levels, st.floats(0.03, 3), st.floats(0, 0.005), seeds)
def test_a_leak_of_three_percent_an_hour_is_found(
    level: float, per_hour: float, noise: float, seed: int
) -> None:
    assert grown(one_hour(level, per_hour, noise, seed)) > MAX_SHARE


@given(levels, st.floats(-3e-1, 5e-3), st.floats(0, 0.02), seeds)
def test_noise_is_no_leak(level: float, per_hour: float, noise: float, seed: int) -> None:
    assert grown(one_hour(level, per_hour, noise, seed)) <= MAX_SHARE


@given(levels, st.floats(0.03, 1), st.integers(START_SECONDS + 700, HOUR_SECONDS - 700))
def test_a_single_step_is_found(level: float, share: float, when: int) -> None:
    points = one_hour(level, 0, 0, 0)
    stepped = [(at, value + level * share * (at > when)) for at, value in points]
    assert grown(stepped) > MAX_SHARE


@given(seeds, st.floats(2, 100))
def test_one_outlier_in_ten_is_no_leak(seed: int, times: float) -> None:
    random_generator = random.Random(seed)
    points = one_hour(100, 0, 0, 0)
    with_outliers = [
        (at, value * times if random_generator.random() < 0.1 else value) for at, value in points
    ]
    assert grown(with_outliers) <= MAX_SHARE


def test_too_few_points_give_no_result() -> None:
    assert growth([(float(at), 1.0) for at in range(9)]) is None


def test_growth_from_zero_is_found() -> None:
    found = growth([(float(at), float(at > 50)) for at in range(100)])
    assert found is not None
    assert found.level == 0
    assert found.grown >= 1

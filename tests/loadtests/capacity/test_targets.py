"""The figures of a step come from what the load client or Locust measured."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity import local_target, remote_target
from loadtests.capacity.criteria import Criteria, failure
from loadtests.capacity.local_target import (
    ROOM_SIZE,
    groups_to_close,
    p99_ms,
    rooms_for,
)
from loadtests.lib.load_client import Result
from loadtests.lib.measurements.series import DELIVER, SEND, GeneratorUsage, Second, Series
from loadtests.lib.monitoring.time_series import Samples

CRITERIA = Criteria()


def results(*buckets: list[list[int]]) -> list[Result]:
    return [{"delivery": {"buckets": one}} for one in buckets]


def test_a_percentile_of_several_processes_is_that_of_all_their_deliveries() -> None:
    fast, slow = [[1_000, 990]], [[1_000, 5], [500_000, 5]]
    assert p99_ms(results(fast, slow)) == 1.0
    assert p99_ms(results(fast, slow, [[700_000, 20]])) == 700.0
    assert p99_ms([]) == 0.0


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=20), st.floats(0, 20_000))
def test_one_group_stays_and_no_more_groups_close_than_necessary(
    groups: list[int], most: float
) -> None:
    stay = len(groups) - groups_to_close(groups, most)
    assert stay == 1 or sum(groups[:stay]) <= most
    assert stay >= 1
    assert stay == len(groups) or sum(groups[: stay + 1]) > most


def test_without_groups_there_is_none_to_close() -> None:
    assert groups_to_close([], 0) == 0


@given(st.integers(1, 20_000))
def test_every_user_has_a_room(users: int) -> None:
    assert 0 <= (users - 1) // ROOM_SIZE < rooms_for(users)


def test_a_local_step_without_deliveries_fails() -> None:
    used = {"cpu_seconds": 1.0, "machine_percent": 6.25, "memory_mib": 200.0}
    names = (*local_target.ERRORS, "deliveries", "generator_cpu")
    silent: Result = {"seconds": 8.0, "acked": 80, "delivery": {"buckets": []}}
    step = local_target.step_of([silent | dict.fromkeys(names, 0)], 100, 10.0, **used)
    assert failure(step, CRITERIA) is not None
    delivered = silent | dict.fromkeys(names, 0) | {"deliveries": 8_000}
    step = local_target.step_of([delivered], 100, 10.0, **used)
    assert failure(step, CRITERIA) is None


def a_run(seconds: int, cpu_percent: float = 20.0) -> Series:
    """Return a run of Locust that is slow while users connect.

    Once they are connected, the run has 5 sends and 100 deliveries a second.
    """
    series = Series({"limits": {}})
    for at in range(seconds):
        second = Second(
            1_000 + at, users=50, connections=Counter({"realtime-1": 30, "realtime-2": 20})
        )
        for _ in range(100):
            second.latency(DELIVER).record(3.0 if at < seconds * 0.25 else 0.02)
        for _ in range(5):
            second.latency(SEND).record(0.01)
        second.generators["one"] = GeneratorUsage(cpu_percent, 5.0)
        series.add(second)
    return series


def samples_of(series: Series) -> Samples:
    """Return samples in which the second replica uses twice the CPU of the first."""
    rows = [
        (
            float(at),
            {
                name: {
                    "hubbub_connections": 25.0,
                    "process_cpu_seconds_total": share * at,
                    "process_resident_memory_bytes": 100 * 2**20,
                }
                for name, share in (("first:1", 0.2), ("second:1", 0.4))
            },
        )
        for at in range(len(series.seconds))
    ]
    return Samples(1_000.0, rows)


def test_a_remote_step_is_judged_by_the_busiest_replica_once_all_users_are_connected() -> None:
    run = a_run(40)
    step = remote_target.step_of(run, samples_of(run), rate=5.0)
    assert (step.connections, step.acked_per_second, step.deliveries_per_second) == (50, 5, 100)
    assert step.delivery_p99_ms < 30
    assert step.errors == 0
    assert not step.generator_late
    assert step.cpu_percent == pytest.approx(40)
    assert step.memory_mib == pytest.approx(100)


def test_a_remote_step_leaves_open_what_was_not_seen() -> None:
    step = remote_target.step_of(a_run(40), Samples(), rate=5.0)
    assert step.cpu_percent is None
    assert step.memory_mib is None
    quiet = Series({}, {one.at: Second(one.at) for one in remote_target.settled(a_run(40))})
    assert remote_target.step_of(quiet, Samples(), rate=5.0).errors  # nothing was delivered


def test_a_slow_generator_is_reported_in_its_own_words() -> None:
    step = remote_target.step_of(a_run(40, 99.0), Samples(), rate=5.0)
    assert "bottleneck" in step.generator_late

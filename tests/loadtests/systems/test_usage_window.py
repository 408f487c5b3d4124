"""A window's usage is the difference of what was used at its end and at its start."""

from collections.abc import Sequence
from typing import NamedTuple

import psutil
import pytest

from loadtests.lib.load_client import ConnectionPlan
from loadtests.lib.systems.system import System
from loadtests.lib.systems.usage_window import UsageWindow


class CpuTimes(NamedTuple):
    """The times of all cores together, in seconds, as psutil returns them on Linux."""

    user: float
    system: float
    idle: float
    iowait: float


class FakeSystem(System):
    """A system whose replicas have used some CPU time when the window starts, and more later."""

    def __init__(self) -> None:
        self._used = iter([{"replicas": 3.0, "redis": 1.0}, {"replicas": 7.5, "redis": 1.25}])

    def connection(self, number: int, address: str, rooms: Sequence[str]) -> ConnectionPlan:
        raise NotImplementedError

    def cpu(self) -> dict[str, float]:
        return next(self._used)

    def longest_loop_stall_ms(self) -> float:
        assert next(self._used, None) is None, "the stall was read before the window's end"
        return 12.5


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> UsageWindow:
    """Return a window that has started and ended."""
    times = iter([CpuTimes(100, 50, 800, 50), CpuTimes(103, 51, 810, 52)])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(times))
    window = UsageWindow(FakeSystem())
    window()
    assert window.loop_stall_ms is None
    window()
    return window


def test_the_cpu_time_of_each_kind_of_process_is_that_of_the_window(window: UsageWindow) -> None:
    assert window.cpu == {"replicas": 4.5, "redis": 0.25}


def test_neither_idle_time_nor_waiting_for_the_disk_counts_as_busy(window: UsageWindow) -> None:
    assert window.machine_percent == 25  # the cores were busy for 4 of 16 seconds


def test_the_stall_is_read_at_the_end_of_the_window(window: UsageWindow) -> None:
    assert window.loop_stall_ms == 12.5


def test_an_overloaded_replica_is_not_asked_for_its_stalls_if_nobody_needs_them() -> None:
    class Overloaded(FakeSystem):
        def longest_loop_stall_ms(self) -> float:
            raise TimeoutError

    window = UsageWindow(Overloaded(), reads_stall=False)
    window()
    window()
    assert window.loop_stall_ms is None
    assert window.cpu == {"replicas": 4.5, "redis": 0.25}

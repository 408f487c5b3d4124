"""Measures how busy this generator process is: its share of a core, and its event loop's lag.

The lag is part of every latency that the process measures. So a run with a large lag says nothing
about the server.
"""

import time
from collections.abc import Callable

import gevent
import psutil

from loadtests.lib.measurements.series import GeneratorUsage

TICK_SECONDS = 0.05


def watch(second_ended: Callable[[GeneratorUsage], object]) -> None:
    """Call `second_ended` at the end of every second, for as long as this greenlet lives."""
    process = psutil.Process()
    process.cpu_percent()
    while True:
        lag_ms = _worst_lag(int(time.time())) * 1000
        second_ended(GeneratorUsage(process.cpu_percent(), round(lag_ms, 1)))


def _worst_lag(second: int) -> float:
    worst = 0.0
    while int(time.time()) == second:
        due = time.perf_counter() + TICK_SECONDS
        gevent.sleep(TICK_SECONDS)
        worst = max(worst, time.perf_counter() - due)
    return worst

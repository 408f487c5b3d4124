"""The generator's own limit: how much of a core this process uses, and how late its loop is.

Whatever the loop is late by is added to every latency that it measures, so a run in which it was
late says something about the generator and nothing about the server.
"""

import time
from collections.abc import Callable

import gevent
import psutil

from loadtests.load.run_series import Generator

TICK_SECONDS = 0.05


def watch(ended: Callable[[Generator], None]) -> None:
    """Call `ended` at the end of every second, for as long as the greenlet lives."""
    process = psutil.Process()
    process.cpu_percent()
    while True:
        lag_ms = _worst_lag(int(time.time())) * 1000
        ended(Generator(process.cpu_percent(), round(lag_ms, 1)))


def _worst_lag(second: int) -> float:
    worst = 0.0
    while int(time.time()) == second:
        due = time.perf_counter() + TICK_SECONDS
        gevent.sleep(TICK_SECONDS)
        worst = max(worst, time.perf_counter() - due)
    return worst

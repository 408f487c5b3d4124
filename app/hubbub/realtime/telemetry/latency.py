"""Measures latencies for the metrics: of the fan-out, of bus heartbeats and of the event loop.

This is cheap: one observation per event, however many connections the event is written to.
"""

import asyncio
import time
from collections.abc import Iterable

from hubbub.observability import metrics
from hubbub.observability.process_name import NAME

LOOP_SAMPLE_SECONDS = 0.1


def record_fan_out(committed_at: Iterable[float | None]) -> None:
    """Record that events have just been written to the last of their local connections.

    `committed_at` holds seconds since 1970, or None for frames that are not events. A negative
    latency counts as 0, because the clocks of two machines can differ.
    """
    now = time.time()
    for at in committed_at:
        if at is not None:
            metrics.fan_out.observe(max(0.0, now - at))


class HeartbeatDelays:
    """Measures how long the heartbeats of each replica take to reach this one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # start id of a replica -> name of its process

    def record(self, replica: str, name: str, sent_at: float) -> None:
        self._names[replica] = name
        delay = max(0.0, time.time() - sent_at)
        metrics.heartbeat_delay.labels(name, NAME).observe(delay)

    def forget(self, replica: str) -> None:
        """Remove the metric of a replica that is gone.

        The metric stays if a later start of the replica has the same name: a container that
        restarts in place keeps its host name and process id.
        """
        name = self._names.pop(replica, "")
        if name and name not in self._names.values():
            metrics.heartbeat_delay.remove(name, NAME)


async def measure_loop_lag() -> None:
    """Sample how late the event loop runs a timer, until cancelled."""
    while True:
        due = time.monotonic() + LOOP_SAMPLE_SECONDS
        await asyncio.sleep(LOOP_SAMPLE_SECONDS)
        metrics.loop_lag.observe(max(0.0, time.monotonic() - due))

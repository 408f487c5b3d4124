"""How late things are, measured for the metrics: fan-out, heartbeats, the event loop itself.

Cheap on purpose: one observation for each event, however many sockets it is written to.
"""

import asyncio
import time
from collections.abc import Iterable

from hubbub.observability import metrics
from hubbub.realtime.lifecycle.process_name import NAME

LOOP_SECONDS = 0.1


def record_fan_out(committed_at: Iterable[float | None]) -> None:
    """Note that events have just been written to the last of their local sockets.

    `committed_at`, in seconds since 1970; None for what is no event. Clocks of two machines differ:
    it never took less than nothing.
    """
    now = time.time()
    for at in committed_at:
        if at is not None:
            metrics.fan_out.observe(max(0.0, now - at))


class HeartbeatDelays:
    """How long the heartbeats of each replica take to this one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # a replica's start id: the name of its process

    def record(self, replica: str, name: str, sent_at: float) -> None:
        self._names[replica] = name
        delay = max(0.0, time.time() - sent_at)
        metrics.heartbeat_delay.labels(name, NAME).observe(delay)

    def forget(self, replica: str) -> None:
        """Show no longer what a replica that is gone took.

        Unless another start has its name: a container that is started again in place has both the
        host and the process's id of the one before.
        """
        name = self._names.pop(replica, "")
        if name and name not in self._names.values():
            metrics.heartbeat_delay.remove(name, NAME)


async def measure_loop_lag() -> None:
    """Sample for ever how late the event loop comes to what is due."""
    while True:
        due = time.monotonic() + LOOP_SECONDS
        await asyncio.sleep(LOOP_SECONDS)
        metrics.loop_lag.observe(max(0.0, time.monotonic() - due))

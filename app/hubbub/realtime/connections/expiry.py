"""Moves connections elsewhere: sends `goodbye`, lets the client reconnect, then closes.

Expiry does this to each connection at its maximum age, so that load spreads to new replicas. A
drain does it to all connections. Until the close a connection stays live, and a running command is
answered first. One loop checks all connections, so that no connection needs its own task or timer.
"""

import asyncio
import random
import time

from django.conf import settings

from hubbub.realtime.connections.connection import Connection, ScheduledClose
from hubbub.realtime.connections.registry import ConnectionRegistry
from hubbub.realtime.protocol import close_codes

# The time from `goodbye` to the close. Meanwhile the client connects and subscribes elsewhere.
GRACE_SECONDS = 2.0
CHECK_SECONDS = 1.0
# The minimum age at expiry, as a fraction of the maximum age. The random age between the two
# spreads connections that were opened together.
MIN_AGE_FACTOR = 0.75


class ConnectionExpiry:
    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections

    def schedule(self, connection: Connection, now: float) -> None:
        """Set a random expiry for a new connection, unless expiry is off."""
        if settings.MAX_CONNECTION_AGE_SECONDS:
            age = random.uniform(MIN_AGE_FACTOR, 1) * settings.MAX_CONNECTION_AGE_SECONDS  # noqa: S311
            connection.scheduled_close = ScheduledClose(
                close_codes.EXPIRED, now + age, GRACE_SECONDS
            )

    def schedule_drain(self, seconds: float, now: float) -> None:
        """Schedule every connection to close within `seconds`, each at a random moment."""
        grace = min(GRACE_SECONDS, seconds)
        for connection in self._connections.all():
            if not connection.goodbye_sent:
                at = now + random.uniform(0, seconds - grace)  # noqa: S311
                connection.scheduled_close = ScheduledClose(close_codes.DRAINING, at, grace)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self.close_due(time.monotonic())

    def close_due(self, now: float) -> None:
        """Send `goodbye` to connections that are due. Close those whose grace period is over."""
        for connection in self._connections.all():
            scheduled = connection.scheduled_close
            if scheduled is not None and scheduled.at <= now and not connection.closed:
                _advance(connection, scheduled, now)


def _advance(connection: Connection, scheduled: ScheduledClose, now: float) -> None:
    if not scheduled.goodbye_sent:
        scheduled.goodbye_sent, scheduled.at = True, now + scheduled.grace_seconds
        connection.send_goodbye(scheduled.code)
    elif not connection.is_busy or now >= scheduled.at + settings.QUERY_TIMEOUT_SECONDS:
        connection.close(scheduled.code)

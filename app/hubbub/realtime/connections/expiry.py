"""Sending sockets elsewhere: `goodbye`, a while in which the next one is opened, then the close.

A drain sends all of them away, each at its own moment; a maximum life sends each in its turn, so
that load spreads onto replicas that were added. Until its close a socket stays live, and a command
that is being carried out is answered first. One look over all sockets now and then: no task and no
timer of each.
"""

import asyncio
import random
import time

from django.conf import settings

from hubbub.realtime.connections.connection import Connection, ScheduledClose
from hubbub.realtime.hub import Hub
from hubbub.realtime.protocol import close_codes

# From `goodbye` to the close: enough to connect and subscribe elsewhere first.
GOODBYE_SECONDS = 2.0
LOOK_SECONDS = 1.0
# A socket lives for this part of MAX_CONNECTION_AGE_SECONDS at least: those of one moment part.
LIFE_MIN = 0.75


class ConnectionExpiry:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def schedule(self, connection: Connection, now: float) -> None:
        """Let a new socket's life be over at its own moment."""
        if settings.MAX_CONNECTION_AGE_SECONDS:
            life = random.uniform(LIFE_MIN, 1) * settings.MAX_CONNECTION_AGE_SECONDS  # noqa: S311
            connection.scheduled_close = ScheduledClose(
                close_codes.EXPIRED, now + life, GOODBYE_SECONDS
            )

    def schedule_drain(self, seconds: float, now: float) -> None:
        """Close every socket within so many seconds, each at its own random moment."""
        grace = min(GOODBYE_SECONDS, seconds)
        for connection in self.hub.all_connections():
            if not connection.goodbye_sent:
                at = now + random.uniform(0, seconds - grace)  # noqa: S311
                connection.scheduled_close = ScheduledClose(close_codes.DRAINING, at, grace)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.close_due(time.monotonic())

    def close_due(self, now: float) -> None:
        """Say goodbye to every socket whose moment has come, and close those that heard it."""
        for connection in self.hub.all_connections():
            scheduled = connection.scheduled_close
            if scheduled is not None and scheduled.at <= now and not connection.closed:
                _go_on(connection, scheduled, now)


def _go_on(connection: Connection, scheduled: ScheduledClose, now: float) -> None:
    if not scheduled.goodbye_sent:
        scheduled.goodbye_sent, scheduled.at = True, now + scheduled.grace
        connection.say_goodbye(scheduled.code)
    elif not connection.busy or now >= scheduled.at + settings.QUERY_TIMEOUT_SECONDS:
        connection.close(scheduled.code)

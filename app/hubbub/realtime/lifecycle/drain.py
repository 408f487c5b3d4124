"""Drains a replica that shuts down: moves its connections elsewhere and saves what is buffered.

The server calls `drain` on a signal, while everything still runs. A drain takes at most
DRAIN_SECONDS plus FINISH_SECONDS, even while Postgres or Redis is down: a send that is not
committed by then was never answered with `ok`, and nothing depends on read marks or bus messages.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from django.conf import settings

from hubbub.observability import metrics
from hubbub.realtime.lifecycle.replica import Replica

logger = logging.getLogger(__name__)

# The time for everything that remains to be done after the connections have been moved.
FINISH_SECONDS = 10.0
# The part of FINISH_SECONDS for connections whose last command or whose close is slow.
LATE_SECONDS = settings.QUERY_TIMEOUT_SECONDS + 2
# The time for connections accepted just before the listener closed to send their request.
ACCEPTED_SECONDS = 0.5
POLL_SECONDS = 0.1


async def drain(replica: Replica, seconds: float, is_idle: Callable[[], bool]) -> bool:
    """Close all connections within `seconds`, then stop the replica. Return whether it stopped.

    `is_idle` returns whether the server has finished all connections, handshakes and requests.
    """
    replica.draining = True
    metrics.drains.inc()
    metrics.draining.set(1)
    started = time.monotonic()
    await _move_connections(replica, seconds, started, is_idle)
    try:
        async with asyncio.timeout(started + seconds + FINISH_SECONDS - time.monotonic()):
            await replica.stop()
    except TimeoutError:
        logger.warning("Stopped before everything was saved: Postgres did not answer.")
        return False
    return True


async def _move_connections(
    replica: Replica, seconds: float, started: float, is_idle: Callable[[], bool]
) -> None:
    replica.connection_expiry.schedule_drain(seconds, started)
    earliest = started + min(seconds, ACCEPTED_SECONDS)
    latest = started + seconds + LATE_SECONDS
    while (now := time.monotonic()) < latest and (now < earliest or not is_idle()):
        replica.connection_expiry.close_due(now)
        await asyncio.sleep(POLL_SECONDS)

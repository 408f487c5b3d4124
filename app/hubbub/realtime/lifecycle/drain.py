"""The drain: a replica that is asked to end sends its sockets elsewhere and saves what it holds.

Called by the server on its signals, with everything still running. It takes DRAIN_SECONDS and
FINISH_SECONDS at most, also while Postgres or Redis are away: what is not written by then was
never answered `ok`, and read marks and doorbells are no loss.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from django.conf import settings

from hubbub.observability import metrics
from hubbub.realtime.lifecycle.replica import Replica

logger = logging.getLogger(__name__)

# After the drain's own time, for all that is left to do.
FINISH_SECONDS = 10.0
# Of these, for sockets whose last command or whose close takes longer.
LATE_SECONDS = settings.QUERY_TIMEOUT_SECONDS + 2
# What was accepted just before the listener closed has this long to send its request.
ACCEPTED_SECONDS = 0.5
TICK_SECONDS = 0.1


async def drain(replica: Replica, seconds: float, is_idle: Callable[[], bool]) -> bool:
    """Send all sockets away within so many seconds, then stop; False when that was given up.

    `is_idle` tells when nothing is served any more: handshakes and requests are finished, too.
    """
    replica.draining = True
    metrics.drains.inc()
    metrics.draining.set(1)
    began = time.monotonic()
    replica.connection_expiry.schedule_drain(seconds, began)
    least, most = began + min(seconds, ACCEPTED_SECONDS), began + seconds + LATE_SECONDS
    while (now := time.monotonic()) < most and (now < least or not is_idle()):
        replica.connection_expiry.close_due(now)
        await asyncio.sleep(TICK_SECONDS)
    try:
        async with asyncio.timeout(began + seconds + FINISH_SECONDS - time.monotonic()):
            await replica.stop()
    except TimeoutError:
        logger.warning("Ended before everything was written: Postgres did not answer.")
        return False
    return True

"""Limits what is buffered for a client that does not read what is written to it.

The server buffers frames that a client has not read yet. `Connection` aborts a slow reader, and its
client reconnects and resumes. A replay waits for its reader instead, page by page.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from django.conf import settings

MAX_BUFFERED_BYTES: Final[int] = settings.MAX_BUFFERED_BYTES
# A replay writes its next page once no more than this is buffered. Zero would be too strict,
# because other busy rooms add frames all the time.
LOW_WATER_BYTES = MAX_BUFFERED_BYTES // 4
# How often a replay checks the buffer: the server does not report when the buffer shrinks.
POLL_SECONDS, MAX_POLL_SECONDS = 0.02, 0.5


def is_slow_reader(buffered_bytes: int) -> bool:
    """Return whether a client must be aborted because too much is buffered for it."""
    return buffered_bytes > MAX_BUFFERED_BYTES


async def wait_for_buffer_space(buffered_bytes: Callable[[], int]) -> None:
    """Wait until another page of a replay can be buffered, or until the socket has closed."""
    pause = POLL_SECONDS
    while buffered_bytes() > LOW_WATER_BYTES:
        await asyncio.sleep(pause)
        pause = min(2 * pause, MAX_POLL_SECONDS)

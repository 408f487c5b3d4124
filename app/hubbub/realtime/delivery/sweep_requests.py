"""Requests to `CatchUp` to compare the followed logs with the database now, not in its own time.

Anything that notices missing entries calls `request_sweep`; only `CatchUp` reads the requests. They
are kept apart from it so that the code that makes them does not depend on the code that sweeps.
"""

import asyncio
from contextlib import suppress


class SweepRequests:
    def __init__(self) -> None:
        self._sweep = asyncio.Event()
        self._read_all = asyncio.Event()

    def request_sweep(self) -> None:
        """Compare all followed logs now; read what the bus does not deliver in time."""
        self._sweep.set()

    def request_read_all(self) -> None:
        """Compare all followed logs now and read what is missing without waiting for the bus."""
        self._read_all.set()
        self._sweep.set()

    def take(self) -> tuple[bool, bool]:
        """Return whether a sweep was requested, and whether to read all; clear both requests."""
        requested = self._sweep.is_set(), self._read_all.is_set()
        self._sweep.clear()
        self._read_all.clear()
        return requested

    async def wait(self, seconds: float) -> None:
        """Wait until a sweep is requested, at most so many seconds."""
        await _wait(self._sweep, seconds)

    async def wait_for_read_all(self, seconds: float) -> None:
        await _wait(self._read_all, seconds)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

"""Requests to `CatchUp` to sweep now instead of at its next interval.

Code that notices missing entries calls `request_sweep`; only `CatchUp` takes the requests. This is
a separate module so that such code does not depend on `CatchUp`.
"""

import asyncio
from contextlib import suppress


class SweepRequests:
    def __init__(self) -> None:
        self._sweep = asyncio.Event()
        self._read_all = asyncio.Event()

    def request_sweep(self) -> None:
        """Ask for a comparison of all logs.

        The sweep then reads entries that the bus does not deliver in time.
        """
        self._sweep.set()

    def request_read_all(self) -> None:
        """Ask for a comparison of all logs.

        The sweep then reads missing entries without waiting for the bus.
        """
        self._read_all.set()
        self._sweep.set()

    def take(self) -> tuple[bool, bool]:
        """Return whether a sweep was requested, and whether it must read all missing entries.

        Clear both requests.
        """
        requested = self._sweep.is_set(), self._read_all.is_set()
        self._sweep.clear()
        self._read_all.clear()
        return requested

    async def wait(self, seconds: float) -> None:
        """Wait until a sweep is requested, for at most this many seconds."""
        await _wait(self._sweep, seconds)

    async def wait_for_read_all(self, seconds: float) -> None:
        await _wait(self._read_all, seconds)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

"""The server's event loop: a standard one whose turns are timed, to find loop stalls.

`__main__` installs it before it imports Daphne, which creates its event loop on import.
"""

import asyncio
import selectors
import time
from typing import Any

from hubbub.realtime.telemetry.loop_stalls import loop_stalls


class TimedSelector(selectors.DefaultSelector):
    """Records each turn of the loop: its length, and how late the wait for sockets returned.

    A late return means that the process got no CPU time or was stopped.
    """

    _returned_at: float | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        called_at = time.monotonic()
        if self._returned_at is not None:
            loop_stalls.record(called_at, called_at - self._returned_at)
        ready = super().select(timeout)
        self._returned_at = time.monotonic()
        if timeout is not None:
            late = self._returned_at - called_at - max(0.0, timeout)
            loop_stalls.record(self._returned_at, late)
        return ready


class _TimedLoopPolicy(asyncio.DefaultEventLoopPolicy):
    """Creates one timed loop. Loops that threads create later are ordinary ones."""

    def new_event_loop(self) -> Any:
        asyncio.set_event_loop_policy(None)
        return asyncio.SelectorEventLoop(TimedSelector())


def install_timed_loop() -> None:
    """Make the next event loop that this process creates a timed one."""
    asyncio.set_event_loop_policy(_TimedLoopPolicy())

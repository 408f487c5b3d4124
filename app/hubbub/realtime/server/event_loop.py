"""Installs the server's event loop: a standard one on the selector that measures loop stalls.

`__main__` installs it before it imports Daphne, which creates its event loop on import.
"""

import asyncio
from typing import Any

from hubbub.realtime.telemetry.loop_stalls import TimedSelector


class _TimedLoopPolicy(asyncio.DefaultEventLoopPolicy):
    """Creates one timed loop. Loops that are created later, as in threads, are not timed."""

    def new_event_loop(self) -> Any:
        asyncio.set_event_loop_policy(None)
        return asyncio.SelectorEventLoop(TimedSelector())


def install_timed_loop() -> None:
    """Make the next event loop that this process creates a timed one."""
    asyncio.set_event_loop_policy(_TimedLoopPolicy())

"""The server's event loop: an ordinary one whose turns are timed, for `realtime.holds`.

Begun by `__main__` before Daphne is imported, which makes its loop then.
"""

import asyncio
import selectors
import time
from typing import Any

from hubbub.realtime.holds import holds


class TimedSelector(selectors.DefaultSelector):
    """Notes how long the loop did something else than wait for sockets."""

    _looked_at: float | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._looked_at is not None:
            now = time.monotonic()
            holds.note(now, now - self._looked_at)
        ready = super().select(timeout)
        self._looked_at = time.monotonic()
        return ready


class _FirstTimed(asyncio.DefaultEventLoopPolicy):
    """Makes one loop; those that threads make for themselves later are none of ours."""

    def new_event_loop(self) -> Any:
        asyncio.set_event_loop_policy(None)
        return asyncio.SelectorEventLoop(TimedSelector())


def time_next_loop() -> None:
    """Have the next event loop of this process be the one whose holds are known."""
    asyncio.set_event_loop_policy(_FirstTimed())

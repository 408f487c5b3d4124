"""The server's event loop: an ordinary one whose turns are timed, for `realtime.holds`.

Begun by `__main__` before Daphne is imported, which makes its loop then.
"""

import asyncio
import selectors
import time
from typing import Any

from hubbub.realtime.telemetry.loop_stalls import loop_stalls


class TimedSelector(selectors.DefaultSelector):
    """Notes how long the loop did not wait for its sockets, and how late it was back from that.

    The latter is what a process sees that gets no processor, or was stopped meanwhile.
    """

    _back_at: float | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        if self._back_at is not None:
            loop_stalls.record(began, began - self._back_at)
        ready = super().select(timeout)
        self._back_at = time.monotonic()
        if timeout is not None:
            loop_stalls.record(self._back_at, self._back_at - began - max(0.0, timeout))
        return ready


class _FirstTimed(asyncio.DefaultEventLoopPolicy):
    """Makes one loop; those that threads make for themselves later are none of ours."""

    def new_event_loop(self) -> Any:
        asyncio.set_event_loop_policy(None)
        return asyncio.SelectorEventLoop(TimedSelector())


def time_next_loop() -> None:
    """Have the next event loop of this process be the one whose holds are known."""
    asyncio.set_event_loop_policy(_FirstTimed())

"""Measures the event loop's stalls: turns in which it ran callbacks and did not poll its sockets.

Our server runs its event loop on a `TimedSelector` (see `server/event_loop.py`). The selector
measures each turn of the loop, so it has to be cheap. The `/metrics` probe shows the longest
stalls. With another server nothing is measured.
"""

import selectors
import time
from typing import Final

KEPT_SECONDS: Final = 60


class LoopStalls:
    """The longest stall of each of the last KEPT_SECONDS seconds."""

    def __init__(self) -> None:
        self.has_records = False
        # A ring buffer of pairs (second, longest stall of that second), indexed by second modulo
        # KEPT_SECONDS.
        self._longest = [(-KEPT_SECONDS, 0.0)] * KEPT_SECONDS

    def record(self, now: float, stalled: float) -> None:
        """Record a stall of `stalled` seconds that has just ended. `now` is monotonic."""
        self.has_records = True
        second = int(now)
        index = second % KEPT_SECONDS
        if (second, stalled) > self._longest[index]:
            self._longest[index] = second, stalled

    def longest(self, now: float, last: int) -> float:
        """Return the longest stall that ended in the last `last` seconds, at most KEPT_SECONDS."""
        return max(
            stalled if second > int(now) - last else 0.0 for second, stalled in self._longest
        )


loop_stalls = LoopStalls()  # of this process's event loop


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

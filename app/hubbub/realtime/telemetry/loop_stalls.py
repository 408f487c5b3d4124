"""Records how long the event loop stalled, when it ran a callback and did not poll its sockets.

Pure.

Our server's selector (`server.event_loop`) reports each turn of the loop, so `record` has to be
cheap. The `/metrics` probe shows the longest stalls. With another server nothing is recorded.
"""

from typing import Final

KEPT_SECONDS: Final = 60


class LoopStalls:
    """The longest stall of each of the last KEPT_SECONDS seconds."""

    def __init__(self) -> None:
        self.has_records = False
        # A ring buffer, indexed by second modulo KEPT_SECONDS: (the second, its longest stall).
        self._longest = [(-KEPT_SECONDS, 0.0)] * KEPT_SECONDS

    def record(self, now: float, stalled: float) -> None:
        """Record a stall of `stalled` seconds that has just ended, at `now` (monotonic)."""
        self.has_records = True
        second = int(now)
        index = second % KEPT_SECONDS
        if (second, stalled) > self._longest[index]:
            self._longest[index] = second, stalled

    def longest(self, now: float, last: int) -> float:
        """Return the longest stall that ended in the `last` seconds, at most KEPT_SECONDS."""
        return max(
            stalled if second > int(now) - last else 0.0 for second, stalled in self._longest
        )


loop_stalls = LoopStalls()  # of this process's event loop

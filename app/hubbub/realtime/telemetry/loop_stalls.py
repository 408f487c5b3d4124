"""How long the event loop was held, and could look at none of its sockets. Pure.

Our server's selector tells of each turn (`server.loop`), so a note must cost next to nothing; the
probes show the longest. Where another server runs the loop, nothing is known of it.
"""

from typing import Final

KEPT_SECONDS: Final = 60


class LoopStalls:
    """The longest hold of each of the last seconds."""

    def __init__(self) -> None:
        self.known = False
        # By second, at its place in the minute: (the second, its longest hold).
        self._longest = [(-KEPT_SECONDS, 0.0)] * KEPT_SECONDS

    def record(self, now: float, held: float) -> None:
        """Note a hold that has just ended (monotonic) and how long it was, in seconds."""
        self.known = True
        second = int(now)
        place = second % KEPT_SECONDS
        if (second, held) > self._longest[place]:
            self._longest[place] = second, held

    def longest(self, now: float, last: int) -> float:
        """Return the longest hold that ended in the `last` seconds, at most KEPT_SECONDS."""
        return max(held if second > int(now) - last else 0.0 for second, held in self._longest)


loop_stalls = LoopStalls()  # of the event loop of this process

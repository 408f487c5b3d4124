"""Decides from this replica's own heartbeats whether the bus is lost on one Redis host. Pure.

While it is, `CatchUp` polls the logs whose groups are on that host.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class BusHealth:
    lost_after: float  # seconds without a heartbeat of our own
    last_received: float  # monotonic; the start of this replica until a heartbeat arrives
    is_lost: bool = True  # until the first heartbeat

    def receive(self, now: float) -> bool:
        """Record one of our own heartbeats; return whether this restores a lost bus."""
        was_lost = self.is_lost
        self.last_received, self.is_lost = now, False
        return was_lost

    def check(self, now: float) -> bool:
        """Check the time since the last heartbeat; return whether the bus has just been lost."""
        is_newly_lost = not self.is_lost and now - self.last_received > self.lost_after
        self.is_lost = self.is_lost or is_newly_lost
        return is_newly_lost

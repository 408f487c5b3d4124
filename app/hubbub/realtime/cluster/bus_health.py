"""Decides whether one Redis host of the bus is lost, from this replica's own heartbeats. Pure.

While a host is lost, `CatchUp` polls the logs of the rooms that it carries.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class BusHealth:
    lost_after: float  # seconds without a heartbeat of our own
    last_received: float  # monotonic; at first, when this replica started
    is_lost: bool = True  # until the first heartbeat

    def receive(self, now: float) -> bool:
        """Record one of our own heartbeats; return whether the bus was lost and is restored."""
        was_lost = self.is_lost
        self.last_received, self.is_lost = now, False
        return was_lost

    def check(self, now: float) -> bool:
        """Check the time since the last heartbeat; return whether the bus has just been lost."""
        is_newly_lost = not self.is_lost and now - self.last_received > self.lost_after
        self.is_lost = self.is_lost or is_newly_lost
        return is_newly_lost

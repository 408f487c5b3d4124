"""Whether this replica hears Redis, told by its own heartbeats coming back. Pure.

One for each Redis host of the layer. Deaf for a host means: the rooms of that host are read from
the log on a short timer until a heartbeat is heard again.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Hearing:
    deaf_after: float  # seconds without an own heartbeat
    last: float  # when one was heard (seconds, monotonic); at first, when we began to listen
    deaf: bool = True
    silence: float = field(default=0.0)  # how long the last deafness was, in seconds

    def heard(self, now: float) -> bool:
        """Note an own heartbeat; True when this ends a deafness."""
        ends = self.deaf
        if ends:
            self.silence = now - self.last
        self.last, self.deaf = now, False
        return ends

    def listen(self, now: float) -> bool:
        """Note that time passed; True when deafness begins now."""
        begins = not self.deaf and now - self.last > self.deaf_after
        self.deaf = self.deaf or begins
        return begins

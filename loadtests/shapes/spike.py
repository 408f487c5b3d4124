"""A few users, then everyone within seconds, then a few again: news that everyone wants to see."""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape, ramp

QUIET = 0.3  # of the users
STARTS, ENDS = 0.4, 0.7  # of the run
RISE = 0.05  # of the run


@dataclass(frozen=True, slots=True)
class Spike(Shape):
    description: ClassVar[str] = (
        "a third of the users, suddenly all of them for a third of the run, then a third again"
    )

    def users_at(self, at: float) -> int:
        quiet = max(1, round(self.users * QUIET))
        if at < self.seconds * STARTS:
            return max(1, ramp(quiet, at, self.ramp_seconds * QUIET))
        if at < self.seconds * ENDS:
            since = at - self.seconds * STARTS
            return quiet + ramp(self.users - quiet, since, self.seconds * RISE)
        return quiet

    def activity_at(self, at: float) -> float:
        """Return a higher factor during the spike: everyone who came has something to say."""
        return 1.5 if self.seconds * STARTS <= at < self.seconds * ENDS else 1.0

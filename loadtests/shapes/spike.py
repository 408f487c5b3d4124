"""A quiet crowd, then everybody within seconds, then quiet again: news that all want to see."""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape, ramp

QUIET = 0.3  # of the people
BEGINS, ENDS = 0.4, 0.7  # of the run
RISE = 0.05  # of the run


@dataclass(frozen=True, slots=True)
class Spike(Shape):
    line: ClassVar[str] = (
        "a third of the people, for a third of the run suddenly all, then a third again"
    )

    def people(self, at: float) -> int:
        quiet = max(1, round(self.users * QUIET))
        if at < self.seconds * BEGINS:
            return max(1, ramp(quiet, at, self.ramp_seconds * QUIET))
        if at < self.seconds * ENDS:
            since = at - self.seconds * BEGINS
            return quiet + ramp(self.users - quiet, since, self.seconds * RISE)
        return quiet

    def tempo(self, at: float) -> float:
        """Everybody who came has something to say."""
        return 1.5 if self.seconds * BEGINS <= at < self.seconds * ENDS else 1.0

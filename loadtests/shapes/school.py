"""A school morning, scaled to the length of the run: four lessons, each followed by a break.

Everyone arrives within the first minutes. A lesson starts with talk and then falls quiet; in the
break everyone talks. Averaged over the morning, the message rate is the requested one.
"""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape, ramp

HOURS = 4
ARRIVAL = 0.08  # of the run: twenty minutes of a morning
GREETING_ENDS, LESSON_ENDS = 0.1, 0.75  # of an hour
GREETING, LESSON, BREAK = 1.5, 0.7, 1.58


@dataclass(frozen=True, slots=True)
class School(Shape):
    description: ClassVar[str] = (
        "a morning: all arrive within minutes, then lessons (quiet) and breaks (everyone talks)"
    )
    layers: ClassVar[tuple[int, ...]] = (25, 100, 0)  # class, year, the whole school

    def users_at(self, at: float) -> int:
        return max(1, ramp(self.users, at, self.seconds * ARRIVAL))

    def activity_at(self, at: float) -> float:
        hour = at * HOURS / self.seconds % 1
        if hour < GREETING_ENDS:
            return GREETING
        return LESSON if hour < LESSON_ENDS else BREAK

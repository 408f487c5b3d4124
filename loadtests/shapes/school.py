"""A school morning, as long as the run: all arrive in a few minutes, four lessons, four breaks.

An hour of it is a quarter of the run. A lesson begins with talk, then falls quiet; in the break
after it everybody talks. Over the morning the mean is the rate that was asked for.
"""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape, ramp

HOURS = 4
ARRIVE = 0.08  # of the run: twenty minutes of a morning
GREETING_ENDS, LESSON_ENDS = 0.1, 0.75  # of an hour
GREETING, LESSON, BREAK = 1.5, 0.7, 1.58


@dataclass(frozen=True, slots=True)
class School(Shape):
    line: ClassVar[str] = (
        "a morning: all arrive in minutes, then lessons (quiet) and breaks (everybody talks)"
    )
    layers: ClassVar[tuple[int, ...]] = (25, 100, 0)  # class, year, the whole school

    def people(self, at: float) -> int:
        return max(1, ramp(self.users, at, self.seconds * ARRIVE))

    def tempo(self, at: float) -> float:
        hour = at * HOURS / self.seconds % 1
        if hour < GREETING_ENDS:
            return GREETING
        return LESSON if hour < LESSON_ENDS else BREAK

"""Four steps up, each of a quarter of the run: at which step does it begin to hurt?"""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape, ramp

STEPS = 4


@dataclass(frozen=True, slots=True)
class Steps(Shape):
    line: ClassVar[str] = "a quarter of the people, then half, three quarters, all of them"

    def people(self, at: float) -> int:
        length = self.seconds / STEPS
        step = min(int(at / length), STEPS - 1)
        before, now = self.users * step // STEPS, self.users * (step + 1) // STEPS
        return max(1, before + ramp(now - before, at - step * length, self._climb_seconds))

    @property
    def _climb_seconds(self) -> float:
        return self.ramp_seconds / STEPS

"""Four steps up, each a quarter of the run: shows the step at which the limits are missed."""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Shape, ramp

STEPS = 4


@dataclass(frozen=True, slots=True)
class Steps(Shape):
    description: ClassVar[str] = (
        "a quarter of the users, then half, then three quarters, then all of them"
    )

    def users_at(self, at: float) -> int:
        length = self.seconds / STEPS
        step = min(int(at / length), STEPS - 1)
        before, now = self.users * step // STEPS, self.users * (step + 1) // STEPS
        climb_seconds = self.ramp_seconds / STEPS
        return max(1, before + ramp(now - before, at - step * length, climb_seconds))

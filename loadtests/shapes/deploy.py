"""A rolling deploy while everyone is online: replicas restart one by one and no user should notice.

On the local stack the run restarts the replicas itself, with the same code. Elsewhere it asks the
operator to start the deploy.
"""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Action, ScheduledAction, Shape

STARTS = 0.4  # of the run


@dataclass(frozen=True, slots=True)
class Deploy(Shape):
    description: ClassVar[str] = "everyone talks while the replicas restart, one after the other"

    def schedule(self) -> list[ScheduledAction]:
        return [ScheduledAction(self.seconds * STARTS, Action.DEPLOY)]

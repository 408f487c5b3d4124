"""The thundering herd: all connections drop at once, and all clients reconnect at once.

This is what happens when an office's router restarts. The clients reconnect as the protocol says:
with the jitter of a first attempt, which is less than half a second.
"""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Action, ScheduledAction, Shape

DROPS = (0.5, 0.75)  # of the run


@dataclass(frozen=True, slots=True)
class Herd(Shape):
    description: ClassVar[str] = (
        "everyone is online; twice all connections drop at once and all clients reconnect"
    )

    def schedule(self) -> list[ScheduledAction]:
        return [ScheduledAction(self.seconds * share, Action.DROP) for share in DROPS]

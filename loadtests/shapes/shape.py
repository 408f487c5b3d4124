"""The base of all shapes: the number of users, their activity, their rooms, and scheduled actions.

By itself it is a load that ramps up and then stays constant. A shape gets the seconds since the
start and must always give the same answer: workers on other machines use copies of their own.
"""

from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import ClassVar

# Users who open the page each second during the ramp-up: each makes a dozen or more requests.
ARRIVALS_PER_SECOND = 10.0
LONGEST_RAMP = 0.25  # of the run


class Action(Enum):
    """Something that is done to all users at one moment."""

    DROP = "all connections drop"
    DEPLOY = "rolling deploy"


@dataclass(frozen=True, slots=True)
class ScheduledAction:
    at: float
    action: Action


@dataclass(frozen=True, slots=True)
class Shape:
    """`layers` are sizes of rooms. A user is in one room of each layer; 0 is one room for all."""

    users: int
    seconds: float

    description: ClassVar[str]
    layers: ClassVar[tuple[int, ...]] = (20, 20, 60)

    @property
    def ramp_seconds(self) -> float:
        return min(self.users / ARRIVALS_PER_SECOND, self.seconds * LONGEST_RAMP)

    def users_at(self, at: float) -> int:
        return max(1, ramp(self.users, at, self.ramp_seconds))

    def activity_at(self, at: float) -> float:
        """Return how active the users are, as a multiple of the message rate."""
        return 1.0

    def schedule(self) -> list[ScheduledAction]:
        return []

    def rooms_of(self, user: int) -> list[int]:
        """Return the rooms of a user, numbered from 0 over all layers, the first layer first."""
        rooms, first = [], 0
        for layer, count in enumerate(self.rooms_by_layer()):
            # Neighbours share the rooms of the first layer; the other layers mix them.
            own = user % self.users * count // self.users if layer == 0 else user % count
            rooms.append(first + own)
            first += count
        return rooms

    def rooms_by_layer(self) -> list[int]:
        return [ceil(self.users / size) if size else 1 for size in self.layers]


def ramp(users: int, at: float, seconds: float) -> int:
    """Return how many of `users` have arrived if they arrive evenly over `seconds`."""
    if at >= seconds or seconds <= 0:
        return users
    return int(users * at / seconds)

"""What every shape tells: how many people at a moment, how lively, in which rooms, what is done.

The base is a crowd that comes in and stays. A shape is asked with the seconds since the beginning
and answers the same every time: workers on other machines ask their own.
"""

from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import ClassVar

# People who open the page each second while a crowd comes in: each is a dozen requests and more.
ARRIVALS_PER_SECOND = 10.0
MOST_RAMP = 0.25  # of the run


class Deed(Enum):
    """What is done to everybody at a moment."""

    DROP = "everybody drops their socket"
    DEPLOY = "the replicas roll"


@dataclass(frozen=True, slots=True)
class Moment:
    at: float
    deed: Deed


@dataclass(frozen=True, slots=True)
class Shape:
    """`layers` are the sizes of rooms: a person is in one of each layer, 0 is one for all."""

    users: int
    seconds: float

    line: ClassVar[str]
    layers: ClassVar[tuple[int, ...]] = (20, 20, 60)

    @property
    def ramp_seconds(self) -> float:
        return min(self.users / ARRIVALS_PER_SECOND, self.seconds * MOST_RAMP)

    def people(self, at: float) -> int:
        return max(1, ramp(self.users, at, self.ramp_seconds))

    def tempo(self, at: float) -> float:
        """Return how lively people are, as a factor of the rate."""
        return 1.0

    def moments(self) -> list[Moment]:
        return []

    def rooms_of(self, person: int) -> list[int]:
        """Return the rooms of a person, numbered from 0 through all layers, the closest first."""
        rooms, first = [], 0
        for layer, count in enumerate(self.rooms_by_layer()):
            # The first layer's rooms are of neighbours, the others mix them.
            own = person % self.users * count // self.users if layer == 0 else person % count
            rooms.append(first + own)
            first += count
        return rooms

    def rooms_by_layer(self) -> list[int]:
        return [ceil(self.users / size) if size else 1 for size in self.layers]


def ramp(users: int, at: float, seconds: float) -> int:
    """Return how many of `users` have come when they come evenly."""
    if at >= seconds or seconds <= 0:
        return users
    return int(users * at / seconds)

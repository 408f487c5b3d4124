"""How a load develops over time: the shapes that `SHAPE=` chooses from. Pure.

A shape says how many users there are, how active they are, which rooms they are in, and what
happens to all of them at scheduled times. Its methods get the seconds since the start. For the same
time they must always return the same result, because each Locust worker uses its own copy of the
shape.
"""

from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import ClassVar

# How many users open the page each second during the ramp-up. Each of these users makes a dozen or
# more requests.
ARRIVALS_PER_SECOND = 10.0
LONGEST_RAMP = 0.25  # the longest ramp-up, as a share of the run


class Action(Enum):
    """An action that a shape performs on all users at the same moment."""

    DROP = "all connections drop"
    DEPLOY = "rolling deploy"


@dataclass(frozen=True, slots=True)
class ScheduledAction:
    at: float
    action: Action


@dataclass(frozen=True, slots=True)
class Shape:
    """The base of all shapes: by itself, a load that ramps up and then stays constant.

    `layers` are sizes of rooms. A user is in one room of each layer. The size 0 means one room for
    all users.
    """

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
        """Return the rooms of a user, in the order of the layers.

        Rooms are numbered from 0 over all layers.
        """
        rooms, first = [], 0
        for layer, count in enumerate(self.rooms_by_layer()):
            # Users with neighbouring numbers share a room of the first layer. The other layers mix
            # the users.
            own = user % self.users * count // self.users if layer == 0 else user % count
            rooms.append(first + own)
            first += count
        return rooms

    def rooms_by_layer(self) -> list[int]:
        return [ceil(self.users / size) if size else 1 for size in self.layers]


class Steps(Shape):
    """Four steps up, each a quarter of the run. They show at which load the limits are missed."""

    description = "a quarter of the users, then half, then three quarters, then all of them"
    steps = 4

    def users_at(self, at: float) -> int:
        length = self.seconds / self.steps
        step = min(int(at / length), self.steps - 1)
        before, now = self.users * step // self.steps, self.users * (step + 1) // self.steps
        climb_seconds = self.ramp_seconds / self.steps
        return max(1, before + ramp(now - before, at - step * length, climb_seconds))


class Spike(Shape):
    """A few users, then everyone within seconds, then a few again, as when news breaks."""

    description = (
        "a third of the users, suddenly all of them for a third of the run, then a third again"
    )
    quiet = 0.3  # the share of the users who are there before and after the spike
    starts, ends = 0.4, 0.7  # when the spike starts and ends, as shares of the run
    rise = 0.05  # how long the rise takes, as a share of the run

    def users_at(self, at: float) -> int:
        quiet = max(1, round(self.users * self.quiet))
        if at < self.seconds * self.starts:
            return max(1, ramp(quiet, at, self.ramp_seconds * self.quiet))
        if at < self.seconds * self.ends:
            since = at - self.seconds * self.starts
            return quiet + ramp(self.users - quiet, since, self.seconds * self.rise)
        return quiet

    def activity_at(self, at: float) -> float:
        """Return a higher factor during the spike: everyone who came has something to say."""
        return 1.5 if self.seconds * self.starts <= at < self.seconds * self.ends else 1.0


class Soak(Shape):
    """A constant load for a long time, because leaks and growth show only after hours."""

    description = "everyone arrives and stays, at the same rate to the end"


class Herd(Shape):
    """The thundering herd, as when an office's router restarts: all reconnect at once.

    The clients reconnect as the protocol says: with the jitter of a first attempt, which is less
    than half a second.
    """

    description = "everyone is online; twice all connections drop at once and all clients reconnect"
    drops = (0.5, 0.75)  # when connections drop, as shares of the run

    def schedule(self) -> list[ScheduledAction]:
        return [ScheduledAction(self.seconds * share, Action.DROP) for share in self.drops]


class Deploy(Shape):
    """A rolling deploy while everyone is online. No user should notice it.

    On the local stack the run restarts the replicas itself, with the same code. Elsewhere the run
    asks the operator to start the deploy.
    """

    description = "everyone talks while the replicas restart, one after the other"
    starts = 0.4  # when the deploy starts, as a share of the run

    def schedule(self) -> list[ScheduledAction]:
        return [ScheduledAction(self.seconds * self.starts, Action.DEPLOY)]


class Hot(Shape):
    """One hot room: everyone has the same room open."""

    description = "everyone is in one room: each message goes to all"
    layers = (0,)


class Rooms(Shape):
    """Many small rooms: the load comes from writes and the number of rooms."""

    description = "many rooms of six, two per user: many writes, little fan-out"
    layers = (6, 6)


class School(Shape):
    """A school morning, scaled to the length of the run: four lessons, each followed by a break.

    Everyone arrives within the first minutes. A lesson starts with talk and then falls quiet; in
    the break everyone talks. Averaged over the morning, the message rate is the requested one.
    """

    description = (
        "a morning: all arrive within minutes, then lessons (quiet) and breaks (everyone talks)"
    )
    layers = (25, 100, 0)  # the sizes of a class and of a year; 0 stands for the whole school
    hours = 4
    arrival = 0.08  # the share of the run in which users arrive: twenty minutes of a morning
    greeting_ends, lesson_ends = 0.1, 0.75  # shares of an hour, which is a lesson and its break
    greeting, lesson, break_ = 1.5, 0.7, 1.58  # how active the users are

    def users_at(self, at: float) -> int:
        return max(1, ramp(self.users, at, self.seconds * self.arrival))

    def activity_at(self, at: float) -> float:
        hour = at * self.hours / self.seconds % 1
        if hour < self.greeting_ends:
            return self.greeting
        return self.lesson if hour < self.lesson_ends else self.break_


SHAPES: dict[str, type[Shape]] = {
    shape.__name__.lower(): shape
    for shape in (Steps, Spike, Soak, Herd, Deploy, Hot, Rooms, School)
}


def ramp(users: int, at: float, seconds: float) -> int:
    """Return how many of `users` have arrived if they arrive evenly over `seconds`."""
    if at >= seconds or seconds <= 0:
        return users
    return int(users * at / seconds)

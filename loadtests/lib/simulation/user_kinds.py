"""The kinds of users of a load: how many of each, how much they write, what else they do. Pure.

In a chat most people read, few write most of the messages, and bots post. A run's message rate is
that of all users together; each user sends their share of it while online. Locust's users and the
soak's sessions draw what they do next from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random

LONGEST_PAUSE = 5.0  # times the mean, so that no user stays idle forever


class Activity(Enum):
    SEND = "send"
    TYPE = "type"
    EDIT = "edit"
    DELETE = "delete"
    MARK_READ = "mark read"
    SCROLL_BACK = "scroll back"
    CHANGE_ROOM = "change room"
    LOSE_CONNECTION = "lose connection"
    POLL = "poll"


@dataclass(frozen=True, slots=True)
class UserKind:
    """`activities` are what a user does, with pauses in between, by relative frequency."""

    share: int  # in a hundred users
    talk: float  # messages of one user, relative to those of other kinds
    pause_seconds: float  # mean
    activities: Mapping[Activity, int]

    def next_activity(self, random: Random) -> Activity:
        return choose_activity(random, self.activities)

    def next_pause(self, random: Random) -> float:
        return exponential_pause(random, self.pause_seconds)


READER = UserKind(60, 0.4, 20, {Activity.MARK_READ: 8, Activity.SCROLL_BACK: 1})
TALKER = UserKind(15, 10, 15, {Activity.MARK_READ: 6, Activity.EDIT: 2, Activity.SCROLL_BACK: 1})
WANDERER = UserKind(
    10, 2, 10, {Activity.MARK_READ: 3, Activity.CHANGE_ROOM: 3, Activity.LOSE_CONNECTION: 2}
)
LURKER = UserKind(10, 0, 20, {Activity.MARK_READ: 2, Activity.LOSE_CONNECTION: 1})
BOT = UserKind(5, 4, 10, {Activity.POLL: 4, Activity.EDIT: 1})
USER_KINDS = (READER, TALKER, WANDERER, LURKER, BOT)

# A user of the soak, who does everything that could leave something behind on a server.
VISITOR_ACTIVITIES = {
    Activity.SEND: 60,
    Activity.TYPE: 10,
    Activity.EDIT: 8,
    Activity.MARK_READ: 8,
    Activity.SCROLL_BACK: 5,
    Activity.LOSE_CONNECTION: 4,
    Activity.CHANGE_ROOM: 3,
    Activity.DELETE: 2,
}


def choose_activity(random: Random, activities: Mapping[Activity, int]) -> Activity:
    return random.choices([*activities], [*activities.values()])[0]


def exponential_pause(random: Random, mean_seconds: float) -> float:
    """Draw a pause: users act independently of each other, so pauses are exponential."""
    return min(random.expovariate(1 / mean_seconds), LONGEST_PAUSE * mean_seconds)


def sends_per_second(kind: UserKind, rate: float, users: int) -> float:
    """Return the message rate of one user, so that all users together send `rate`."""
    mean_talk = sum(one.share * one.talk for one in USER_KINDS) / sum(
        one.share for one in USER_KINDS
    )
    return rate * kind.talk / (mean_talk * users)

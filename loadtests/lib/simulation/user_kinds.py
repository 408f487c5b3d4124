"""The kinds of users in a load: how many there are, how much they write, what else they do. Pure.

In a chat most people read, few write most of the messages, and bots post. A run's message rate is
that of all users together; each user sends a share of it while online. All simulated users draw
their next activity from here; `tab_activities` says how they perform it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random

# The longest pause, in multiples of the mean, so that no user stays idle forever.
LONGEST_PAUSE = 5.0


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
    """A kind of user.

    `activities` are what a user does, with pauses in between, by relative frequency. For a kind
    with a `share` of 0, the run that uses it says how much the users write and how long they pause.
    """

    activities: Mapping[Activity, int]
    share: int = 0  # how many of a hundred users are of this kind
    talk: float = 0.0  # how many messages one user writes, relative to users of other kinds
    pause_seconds: float = 0.0  # the mean pause between activities
    reply_chance: float = 0.0  # the probability that a message is a reply
    pages_back: int = 1  # the most pages that a user reads when scrolling back
    # How long a user stays away after a lost connection.
    away_seconds: tuple[float, float] = (0.5, 10.0)
    radio_sleep_seconds: float = 0.0  # how long the radio sleeps between reads from the connection

    def next_activity(self, random: Random) -> Activity:
        return random.choices([*self.activities], [*self.activities.values()])[0]

    def next_pause(self, random: Random) -> float:
        return exponential_pause(random, self.pause_seconds)


# A user like most people, who keeps the page open next to work, reads, and sometimes scrolls back.
READER = UserKind(
    {Activity.MARK_READ: 8, Activity.SCROLL_BACK: 1},
    share=60,
    talk=0.4,
    pause_seconds=20,
    pages_back=3,
)
# One of the few users who write most messages. They also read everything, and edit.
TALKER = UserKind(
    {Activity.MARK_READ: 6, Activity.EDIT: 2, Activity.SCROLL_BACK: 1},
    share=15,
    talk=10,
    pause_seconds=15,
)
# A user on the move, who changes rooms, loses the network in lifts, and resumes elsewhere.
WANDERER = UserKind(
    {Activity.MARK_READ: 3, Activity.CHANGE_ROOM: 3, Activity.LOSE_CONNECTION: 2},
    share=10,
    talk=2,
    pause_seconds=10,
)
# A user with a phone in the pocket. Its radio sleeps between reads, and it is often disconnected.
LURKER = UserKind(
    {Activity.MARK_READ: 2, Activity.LOSE_CONNECTION: 1},
    share=10,
    pause_seconds=20,
    away_seconds=(5.0, 40.0),
    radio_sleep_seconds=0.5,
)
# A bot that posts and reads over REST, and has no WebSocket.
BOT = UserKind({Activity.POLL: 4, Activity.EDIT: 1}, share=5, talk=4, pause_seconds=10)
USER_KINDS = (READER, TALKER, WANDERER, LURKER, BOT)

# A user of a fault test who writes in a room.
FAULT_TEST_TALKER = UserKind(
    {Activity.SEND: 85, Activity.EDIT: 10, Activity.DELETE: 5}, reply_chance=0.1
)

# A user of the soak, who does everything that could leave something behind on a server.
VISITOR = UserKind(
    {
        Activity.SEND: 60,
        Activity.TYPE: 10,
        Activity.EDIT: 8,
        Activity.MARK_READ: 8,
        Activity.SCROLL_BACK: 5,
        Activity.LOSE_CONNECTION: 4,
        Activity.CHANGE_ROOM: 3,
        Activity.DELETE: 2,
    },
    away_seconds=(0.0, 0.0),
)


def exponential_pause(random: Random, mean_seconds: float) -> float:
    """Draw a pause. Users act independently of each other, so pauses are exponential."""
    return min(random.expovariate(1 / mean_seconds), LONGEST_PAUSE * mean_seconds)


def sends_per_second(kind: UserKind, rate: float, users: int) -> float:
    """Return the message rate of one user.

    With these rates, all users together send `rate` messages a second.
    """
    mean_talk = sum(one.share * one.talk for one in USER_KINDS) / sum(
        one.share for one in USER_KINDS
    )
    return rate * kind.talk / (mean_talk * users)

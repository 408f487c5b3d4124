"""Rules of membership: nobody is told of a room, or speaks in one, that they are not in. Pure.

Who was in a room at which seq, its log says. `subscribed` names the seq at which the membership was
read; live events go to the seq at which it ended, that one included. What was before may be read by
whoever is in the room. Rooms whose log does not begin with their first member are not judged. What
is in no history is left out: `room.bumped`, and answers of REST other than loads.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import (
    Connected,
    Disconnected,
    EventReceived,
    History,
    PresenceChanged,
    RoomLoaded,
    Subscribed,
    SubscribeSent,
    SubscriptionEnded,
)

NEVER = 2**63


@dataclass(slots=True)
class Interval:
    """From the seq of the joining up to that of the leaving, which is the last one told."""

    joined: int
    left: int = NEVER


class Memberships:
    def __init__(self, log: Log) -> None:
        self.judged = {
            room for room, events in log.rooms.items() if events[0].type == "member.joined"
        }
        self._spans: dict[tuple[int, int], list[Interval]] = defaultdict(list)
        for room in self.judged:
            for event in log.rooms[room]:
                if event.type == "member.joined" and event.user is not None:
                    self._spans[room, event.user].append(Interval(event.seq))
                elif event.type == "member.left" and event.user is not None:
                    self._spans[room, event.user][-1].left = event.seq

    def ever(self, room: int, user: int) -> bool:
        return (room, user) in self._spans

    def at(self, room: int, user: int, seq: int) -> Interval | None:
        """Return the membership that somebody had when the room's last seq was this."""
        own = self._spans.get((room, user), [])
        return next((span for span in own if span.joined <= seq < span.left), None)


def check_log(log: Log, memberships: Memberships) -> list[Violation]:
    """Whoever sent a message was in the room at that moment."""
    return [
        Violation("speaks-as-member", "log", room, f"person {event.actor} at seq {event.seq}")
        for room in memberships.judged
        for event in log.rooms[room]
        if event.type == "message.created"
        and event.actor is not None
        and memberships.at(room, event.actor, event.seq) is None
    ]


def check(history: History, memberships: Memberships) -> Iterator[Violation]:
    """What a client is told of a room, its person may know."""
    user, ends = 0, dict[int, int]()  # room: the last seq that may be told live
    for entry in history.entries:
        match entry:
            case Connected():
                user = entry.user
            case SubscribeSent(room=room) | SubscriptionEnded(room=room):
                ends.pop(room, None)
            case Disconnected():
                ends.clear()
            case Subscribed(room=room, seq=seq) if room in memberships.judged:
                span = memberships.at(room, user, seq)
                ends[room] = span.left if span else 0
                if span is None:
                    detail = f"person {user} was let in at seq {seq}"
                    yield Violation("members-only", history.name, room, detail)
            case EventReceived(room=room, seq=seq) if seq > ends.get(room, NEVER):
                detail = f"person {user} left at {ends[room]} and was told of {seq}"
                yield Violation("members-only", history.name, room, detail)
            case EventReceived(room=room) | RoomLoaded(room=room) | PresenceChanged(room=room) if (
                room in memberships.judged
            ):
                if not memberships.ever(room, user):
                    detail = f"person {user} was never in it"
                    yield Violation("members-only", history.name, room, detail)

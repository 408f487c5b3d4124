"""Rules of membership: only members receive a room's events and send in it. Pure.

A room's log says who was a member at which seq. `subscribed` carries the seq at which the
membership was read. Live events may arrive up to the seq at which the membership ended, including
that seq. Members may read what was written before they joined. Rooms whose log does not start with
their first member are not checked. Histories contain neither `room.bumped` nor REST answers other
than loads, so these are not checked either.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import history as entries
from loadtests.lib.client.history import History

NEVER = 2**63


@dataclass(slots=True)
class MembershipRange:
    """The seqs of one membership, from joining to leaving.

    The event of leaving is the last one that the user receives.
    """

    joined: int
    left: int = NEVER


class Memberships:
    def __init__(self, log: Log) -> None:
        self.judged = {
            room for room, events in log.rooms.items() if events[0].type == "member.joined"
        }
        self._ranges: dict[tuple[int, int], list[MembershipRange]] = defaultdict(list)
        for room in self.judged:
            for event in log.rooms[room]:
                if event.type == "member.joined" and event.user is not None:
                    self._ranges[room, event.user].append(MembershipRange(event.seq))
                elif event.type == "member.left" and event.user is not None:
                    self._ranges[room, event.user][-1].left = event.seq

    def ever(self, room: int, user: int) -> bool:
        return (room, user) in self._ranges

    def at(self, room: int, user: int, seq: int) -> MembershipRange | None:
        """Return the membership that a user had when the room's last seq was `seq`."""
        own = self._ranges.get((room, user), [])
        return next((one for one in own if one.joined <= seq < one.left), None)


def check_log(log: Log, memberships: Memberships) -> list[Violation]:
    """Check that the sender of each message was a member at that moment."""
    return [
        Violation("speaks-as-member", "log", room, f"user {event.actor} at seq {event.seq}")
        for room in memberships.judged
        for event in log.rooms[room]
        if event.type == "message.created"
        and event.actor is not None
        and memberships.at(room, event.actor, event.seq) is None
    ]


def check(history: History, memberships: Memberships) -> Iterator[Violation]:
    """Check that a client receives only what its user may read."""
    # For each room: the last seq that the client may receive as a live event.
    user, ends = 0, dict[int, int]()
    for entry in history.entries:
        match entry:
            case entries.Connected():
                user = entry.user
            case entries.SubscribeSent(room=room) | entries.SubscriptionEnded(room=room):
                ends.pop(room, None)
            case entries.Disconnected():
                ends.clear()
            case entries.Subscribed(room=room, seq=seq) if room in memberships.judged:
                membership = memberships.at(room, user, seq)
                ends[room] = membership.left if membership else 0
                if membership is None:
                    detail = f"user {user} could subscribe at seq {seq}"
                    yield Violation("members-only", history.name, room, detail)
            case entries.EventReceived(room=room, seq=seq) if seq > ends.get(room, NEVER):
                detail = f"user {user} left at {ends[room]} and received {seq}"
                yield Violation("members-only", history.name, room, detail)
            case (
                entries.EventReceived(room=room)
                | entries.RoomLoaded(room=room)
                | entries.PresenceChanged(room=room)
            ) if room in memberships.judged:
                if not memberships.ever(room, user):
                    detail = f"user {user} was never a member"
                    yield Violation("members-only", history.name, room, detail)

"""Whom a fault of clients was done to, and when: what they notice is held against no other. Pure.

A tab that is deaf or cut off on purpose says nothing of a replica that is killed at that time. The
same goes for who hears nobody but them.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from loadtests.checker.spans import Span
from loadtests.client.history import History, Sent, Subscribed


@dataclass(frozen=True, slots=True)
class Hit:
    names: Collection[str]  # of clients
    began: float
    ended: float

    def explains(self, name: str, span: Span) -> bool:
        """Whether it may be why a client heard nothing, or was not heard, at that time."""
        return name in self.names and span[0] < self.ended and self.began < span[1]


def with_their_listeners(names: Collection[str], histories: Sequence[History]) -> set[str]:
    """Return these clients, and those in whose rooms nobody else talks."""
    talkers: dict[int, set[str]] = defaultdict(set)
    rooms: dict[str, set[int]] = defaultdict(set)
    for history in histories:
        for entry in history.entries:
            match entry:
                case Sent(command={"type": "message.send", "room": int() as room}):
                    talkers[room].add(history.name)
                case Subscribed(room=room):
                    rooms[history.name].add(room)
    silenced = {room for own in rooms.values() for room in own if talkers[room] <= set(names)}
    return {*names, *(name for name, own in rooms.items() if own <= silenced)}

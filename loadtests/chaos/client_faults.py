"""Whom a fault of clients was done to, and when: what they notice is held against no other. Pure.

A tab that is deaf or cut off on purpose says nothing of a replica that is killed at that time. The
same goes for who hears nobody but them.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from loadtests.lib.checker.intervals import Interval
from loadtests.lib.client.history import CommandSent, History, Subscribed


@dataclass(frozen=True, slots=True)
class Hit:
    names: Collection[str]  # of clients
    began: float
    ended: float

    def explains(self, name: str, span: Interval) -> bool:
        """Whether it may be why a client heard nothing, or was not heard, at that time."""
        return name in self.names and span[0] < self.ended and self.began < span[1]


class Audience:
    """Who hears whom, of all that was said in a run."""

    def __init__(self, histories: Sequence[History]) -> None:
        self._talkers: dict[int, set[str]] = defaultdict(set)  # of each room
        self._rooms: dict[str, set[int]] = defaultdict(set)  # of each client
        for history in histories:
            for entry in history.entries:
                match entry:
                    case CommandSent(command={"type": "message.send", "room": int() as room}):
                        self._talkers[room].add(history.name)
                    case Subscribed(room=room):
                        self._rooms[history.name].add(room)

    def with_listeners(self, names: set[str]) -> set[str]:
        """Return these clients, and those in whose rooms nobody else talks."""
        heard = {room for room, talkers in self._talkers.items() if not talkers <= names}
        return names | {name for name, rooms in self._rooms.items() if not rooms & heard}

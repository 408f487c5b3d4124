"""Rules of positions between two connections: a client never skips what it has not received. Pure.

At any moment a client shows a contiguous part of the log up to some seq. `subscriptions` checks
this within one subscription. This module checks that the next subscription starts no later in the
log than the last one ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import history as entries
from loadtests.lib.client.history import Entry, History


def check(history: History) -> list[Violation]:
    positions = _Positions(history.name)
    return [violation for entry in history.entries for violation in positions.check(entry)]


@dataclass(slots=True)
class _Room:
    """The seq up to which a room is shown without a gap: now, and after the current load."""

    shown: int
    loading: int | None = None


@dataclass(slots=True)
class _Positions:
    client: str
    epoch: str = ""
    rooms: dict[int, _Room] = field(default_factory=dict)

    def check(self, entry: Entry) -> Iterator[Violation]:
        match entry:
            case entries.Connected(epoch=epoch):
                if epoch != self.epoch:
                    self.rooms.clear()
                self.epoch = epoch
            case entries.SubscribeSent():
                yield from self._asked(entry)
            case entries.Subscribed(room=room) if room in self.rooms:
                self.rooms[room] = _subscribed(entry)
            case entries.EventReceived(room=room) if room in self.rooms:
                _received(self.rooms[room], entry)
            case entries.RoomLoaded(room=room) if room in self.rooms:
                self.rooms[room] = _Room(self.rooms[room].loading or self.rooms[room].shown)
            case entries.SubscriptionEnded(room=room):
                self.rooms.pop(room, None)
            case entries.Disconnected():
                # A load that has not finished when the connection ends starts over.
                self.rooms = {id: one for id, one in self.rooms.items() if one.loading is None}

    def _asked(self, entry: entries.SubscribeSent) -> Iterator[Violation]:
        known = self.rooms.get(entry.room, _Room(0))
        if entry.position is not None and entry.position > known.shown:
            detail = f"asked for what comes after {entry.position}, but shows up to {known.shown}"
            yield Violation("position-held", self.client, entry.room, detail)
        self.rooms[entry.room] = _Room(entry.position or 0)


def _subscribed(entry: entries.Subscribed) -> _Room:
    return _Room(entry.seq) if entry.resumed else _Room(0, loading=entry.seq)


def _received(room: _Room, entry: entries.EventReceived) -> None:
    if room.loading is not None:
        room.loading = max(room.loading, entry.seq)
    elif entry.seq == room.shown + 1:
        room.shown = entry.seq

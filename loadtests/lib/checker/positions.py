"""Rules of what a client shows between two sockets: nothing that it does not have. Pure.

What is shown at any moment is a contiguous part of the log up to some seq: inside a subscription
`subscriptions` judges that; here, that the next one begins no later than the last one ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import (
    Connected,
    Disconnected,
    Entry,
    EventReceived,
    History,
    RoomLoaded,
    Subscribed,
    SubscribeSent,
    SubscriptionEnded,
)


def check(history: History) -> list[Violation]:
    positions = _Positions(history.name)
    return [fault for entry in history.entries for fault in positions.take(entry)]


@dataclass(slots=True)
class _Room:
    """Up to which seq a room is shown without a hole, and what it will be after a load."""

    shown: int
    loading: int | None = None


@dataclass(slots=True)
class _Positions:
    who: str
    epoch: str = ""
    rooms: dict[int, _Room] = field(default_factory=dict)

    def take(self, entry: Entry) -> Iterator[Violation]:
        match entry:
            case Connected(epoch=epoch):
                if epoch != self.epoch:
                    self.rooms.clear()
                self.epoch = epoch
            case SubscribeSent():
                yield from self._asked(entry)
            case Subscribed(room=room) if room in self.rooms:
                self.rooms[room] = _subscribed(entry)
            case EventReceived(room=room) if room in self.rooms:
                _heard(self.rooms[room], entry)
            case RoomLoaded(room=room) if room in self.rooms:
                self.rooms[room] = _Room(self.rooms[room].loading or self.rooms[room].shown)
            case SubscriptionEnded(room=room):
                self.rooms.pop(room, None)
            case Disconnected():
                # What was not loaded to its end is loaded again, from nothing.
                self.rooms = {id: one for id, one in self.rooms.items() if one.loading is None}

    def _asked(self, entry: SubscribeSent) -> Iterator[Violation]:
        known = self.rooms.get(entry.room, _Room(0))
        if entry.position is not None and entry.position > known.shown:
            detail = f"asked for what comes after {entry.position}, but shows up to {known.shown}"
            yield Violation("position-held", self.who, entry.room, detail)
        self.rooms[entry.room] = _Room(entry.position or 0)


def _subscribed(entry: Subscribed) -> _Room:
    return _Room(entry.seq) if entry.resumed else _Room(0, loading=entry.seq)


def _heard(room: _Room, entry: EventReceived) -> None:
    if room.loading is not None:
        room.loading = max(room.loading, entry.seq)
    elif entry.seq == room.shown + 1:
        room.shown = entry.seq

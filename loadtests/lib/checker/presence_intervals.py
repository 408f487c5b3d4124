"""When each client had each room open, and whom it saw there meanwhile. Pure.

One stay is one subscription. Of its end a client cannot know for sure when the server saw it: it
may be counted as there from `asked` to `over`, and is there for certain from `live` to `alive`,
the last moment at which something of the room reached it.
"""

from dataclasses import dataclass, field

from loadtests.lib.checker.intervals import Interval
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    Connected,
    Disconnected,
    Entry,
    EventReceived,
    History,
    PresenceChanged,
    Subscribed,
    SubscribeSent,
    SubscriptionEnded,
)

FOREVER = float("inf")


@dataclass(slots=True)
class PresenceInterval:
    user: int
    room: int
    asked: float
    live: float = FOREVER
    alive: float = -FOREVER
    over: float = FOREVER
    leaving: bool = False  # `unsubscribe` was sent: what comes now proves nothing
    counted: bool = False  # the room is too large for names
    seen: dict[int, list[Interval]] = field(default_factory=dict)  # person: when they were shown
    _shown: dict[int, float] = field(default_factory=dict)  # person: since when

    @property
    def certain(self) -> Interval:
        return self.live, self.alive

    @property
    def possible(self) -> Interval:
        return self.asked, self.over

    def take(self, entry: Subscribed | PresenceChanged | EventReceived) -> None:
        if isinstance(entry, Subscribed):
            self.live = entry.at
            self.counted = entry.online is None
            self._show(entry.at, entry.online or (), ())
        elif isinstance(entry, PresenceChanged):
            self._show(entry.at, entry.joined, entry.left)
        if not self.leaving:
            self.alive = entry.at

    def end(self, at: float, *, stays: bool = False) -> None:
        """Take its end; with `stays` the run was over, and it was open and well to the end."""
        self.over = FOREVER if stays else at
        if stays:
            self.alive = at
        self._show(self.alive, (), tuple(self._shown))

    def _show(self, at: float, joined: tuple[int, ...], left: tuple[int, ...]) -> None:
        for user in left:
            if user in self._shown:
                self.seen.setdefault(user, []).append((self._shown.pop(user), at))
        for user in joined:
            self._shown.setdefault(user, at)


def stays(history: History) -> list[PresenceInterval]:
    """Return the stays of a client in order of their ends."""
    found = _Stays()
    for entry in history.entries:
        found.take(entry)
    if history.ended is not None:
        found.end_all(history.ended, stays=True)
    return found.over


@dataclass(slots=True)
class _Stays:
    user: int = 0
    now: dict[int, PresenceInterval] = field(default_factory=dict)  # by room
    over: list[PresenceInterval] = field(default_factory=list)

    def take(self, entry: Entry) -> None:
        match entry:
            case Connected():
                self.user = entry.user
            case SubscribeSent(room=room):
                self._end(room, entry.at)
                self.now[room] = PresenceInterval(self.user, room, entry.at)
            case Subscribed() | PresenceChanged() | EventReceived() if entry.room in self.now:
                self.now[entry.room].take(entry)
            case CommandSent(command={"type": "unsubscribe", "room": room}) if room in self.now:
                self.now[room].leaving = True
            case CommandAnswered(command={"type": "unsubscribe", "room": room}) if room in self.now:
                if self.now[room].leaving:
                    self._end(room, entry.at)
            case SubscriptionEnded():
                self._end(entry.room, entry.at)
            case Disconnected():
                self.end_all(entry.at)

    def end_all(self, at: float, *, stays: bool = False) -> None:
        for room in list(self.now):
            self._end(room, at, stays=stays and not self.now[room].leaving)

    def _end(self, room: int, at: float, *, stays: bool = False) -> None:
        stay = self.now.pop(room, None)
        if stay is not None:
            stay.end(at, stays=stays)
            self.over.append(stay)

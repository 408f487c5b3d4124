"""When each client had each room open, and whom it saw online in that time. Pure.

An interval is one subscription. A client cannot know exactly when the server saw the subscription
end. So the client may count as present from `asked` to `over`. It is certainly present from `live`
to `alive`, the last moment at which something from the room reached it.
"""

from dataclasses import dataclass, field

from loadtests.lib.checker.intervals import Interval
from loadtests.lib.client import history as entries
from loadtests.lib.client.history import Entry, History

FOREVER = float("inf")


@dataclass(slots=True)
class PresenceInterval:
    user: int
    room: int
    asked: float
    live: float = FOREVER
    alive: float = -FOREVER
    over: float = FOREVER
    # True once `unsubscribe` was sent: what arrives after that proves nothing.
    leaving: bool = False
    counted: bool = False  # True if the room is too large for a list of names
    # For each user: when they were shown.
    seen: dict[int, list[Interval]] = field(default_factory=dict)
    # For each user who is shown now: the time since which they have been shown.
    _shown: dict[int, float] = field(default_factory=dict)

    @property
    def certain(self) -> Interval:
        return self.live, self.alive

    @property
    def possible(self) -> Interval:
        return self.asked, self.over

    def add(
        self, entry: entries.Subscribed | entries.PresenceChanged | entries.EventReceived
    ) -> None:
        if isinstance(entry, entries.Subscribed):
            self.live = entry.at
            self.counted = entry.online is None
            self._show(entry.at, entry.online or (), ())
        elif isinstance(entry, entries.PresenceChanged):
            self._show(entry.at, entry.joined, entry.left)
        if not self.leaving:
            self.alive = entry.at

    def end(self, at: float, *, run_ended: bool = False) -> None:
        """End the interval. With `run_ended`, its subscription was intact until the run ended."""
        self.over = FOREVER if run_ended else at
        if run_ended:
            self.alive = at
        self._show(self.alive, (), tuple(self._shown))

    def _show(self, at: float, joined: tuple[int, ...], left: tuple[int, ...]) -> None:
        for user in left:
            if user in self._shown:
                self.seen.setdefault(user, []).append((self._shown.pop(user), at))
        for user in joined:
            self._shown.setdefault(user, at)


def presence_intervals(history: History) -> list[PresenceInterval]:
    """Return the intervals of a client, ordered by their ends."""
    found = _PresenceIntervals()
    for entry in history.entries:
        found.add(entry)
    if history.ended is not None:
        found.end_all(history.ended, run_ended=True)
    return found.ended


@dataclass(slots=True)
class _PresenceIntervals:
    user: int = 0
    # The current interval of each room.
    open: dict[int, PresenceInterval] = field(default_factory=dict)
    ended: list[PresenceInterval] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        match entry:
            case entries.Connected():
                self.user = entry.user
            case entries.SubscribeSent(room=room):
                self._end(room, entry.at)
                self.open[room] = PresenceInterval(self.user, room, entry.at)
            case entries.Subscribed() | entries.PresenceChanged() | entries.EventReceived() if (
                entry.room in self.open
            ):
                self.open[entry.room].add(entry)
            case entries.CommandSent(command={"type": "unsubscribe", "room": room}) if (
                room in self.open
            ):
                self.open[room].leaving = True
            case entries.CommandAnswered(command={"type": "unsubscribe", "room": room}):
                if room in self.open and self.open[room].leaving:
                    self._end(room, entry.at)
            case entries.SubscriptionEnded():
                self._end(entry.room, entry.at)
            case entries.Disconnected():
                self.end_all(entry.at)

    def end_all(self, at: float, *, run_ended: bool = False) -> None:
        for room in list(self.open):
            self._end(room, at, run_ended=run_ended and not self.open[room].leaving)

    def _end(self, room: int, at: float, *, run_ended: bool = False) -> None:
        interval = self.open.pop(room, None)
        if interval is not None:
            interval.end(at, run_ended=run_ended)
            self.ended.append(interval)

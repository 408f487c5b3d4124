"""What users noticed during a run: silences, deliveries, acknowledgements. Pure.

The measurements are computed from the histories of a run, which share one monotonic clock.
Listeners are clients that have rooms open in which messages are constantly sent.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from loadtests.lib.checker.intervals import Interval, merge_intervals, subtract_intervals
from loadtests.lib.checker.silence import silences
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    EventReceived,
    History,
    Subscribed,
)


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    sent_at: float  # when the message was sent for the first time
    received_at: float
    sender: str
    receiver: str

    @property
    def interval(self) -> Interval:
        return self.sent_at, self.received_at


class Measurements:
    def __init__(self, histories: Sequence[History], listeners: Collection[str]) -> None:
        self._listening = [one for one in histories if one.name in listeners]
        # For each nonce: when and by whom it was sent.
        self._sent: dict[str, tuple[float, str]] = {}
        self._senders: dict[int, set[str]] = defaultdict(set)  # the senders in each room
        self._rooms: dict[str, set[int]] = defaultdict(set)  # the rooms of each client
        self._acknowledged: list[float] = []
        for history in histories:
            self._read(history)
        self._acknowledged.sort()
        self._deliveries = sorted(self._find_deliveries())

    def silences(self, window: Interval, cut_off: float) -> Iterator[tuple[str, Interval]]:
        """Yield the intervals that begin in the window and in which a listener received nothing.

        Every interval ends at `cut_off` at the latest.
        """
        for history in self._listening:
            for interval in silences(history, *window, cut_off):
                yield history.name, interval

    def deliveries(self, window: Interval) -> Sequence[Delivery]:
        """Return how the messages sent within the window reached each listener."""
        first = bisect_left(self._deliveries, window[0], key=_sent_at)
        return self._deliveries[first : bisect_right(self._deliveries, window[1], key=_sent_at)]

    def recovery_after(self, at: float) -> float | None:
        """Return the seconds from `at` until the next message was acknowledged, or None."""
        index = bisect_left(self._acknowledged, at)
        return self._acknowledged[index] - at if index < len(self._acknowledged) else None

    def rate_outside(self, window: Interval, outages: Sequence[Interval]) -> float:
        """Return how many messages a second were acknowledged outside outages."""
        intervals = list(subtract_intervals(window, merge_intervals(outages)))
        seconds = sum(end - start for start, end in intervals)
        count = sum(
            bisect_left(self._acknowledged, end) - bisect_left(self._acknowledged, start)
            for start, end in intervals
        )
        return count / seconds if seconds > 0 else 0.0

    def with_audience(self, clients: set[str]) -> set[str]:
        """Return these clients, and the clients who receive messages only from them."""
        others = {room for room, senders in self._senders.items() if not senders <= clients}
        return clients | {name for name, rooms in self._rooms.items() if not rooms & others}

    def _read(self, history: History) -> None:
        for entry in history.entries:
            match entry:
                case CommandSent(command={"type": "message.send", "nonce": nonce} as command):
                    self._sent.setdefault(nonce, (entry.at, history.name))
                    if "room" in command:
                        self._senders[command["room"]].add(history.name)
                case Subscribed(room=room):
                    self._rooms[history.name].add(room)
                case CommandAnswered(command={"type": "message.send"}, code=None):
                    self._acknowledged.append(entry.at)

    def _find_deliveries(self) -> Iterator[Delivery]:
        for history in self._listening:
            for entry in history.entries:
                match entry:
                    case EventReceived(type="message.created", message={"nonce": nonce}):
                        if nonce in self._sent:
                            sent_at, sender = self._sent[nonce]
                            yield Delivery(sent_at, entry.at, sender, history.name)


def slowest_but(share: float, seconds: Sequence[float]) -> float | None:
    """Return the longest of the times, after the longest `share` of them is left out.

    Return None if there are no times.
    """
    return sorted(seconds)[ceil((1 - share) * len(seconds)) - 1] if seconds else None


def _sent_at(delivery: Delivery) -> float:
    return delivery.sent_at

"""What users noticed of each fault: silences, deliveries, the first answer after it. Pure.

Computed from the histories of a run, which share one monotonic clock. Listeners have rooms open in
which messages are constantly sent.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from loadtests.chaos.concurrent_faults import ClientImpact
from loadtests.lib.checker.intervals import Interval
from loadtests.lib.checker.silence import FOREVER, silences
from loadtests.lib.client.history import CommandAnswered, CommandSent, EventReceived, History


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    at: float  # when it was first sent
    seconds: float
    sender: str
    receiver: str

    @property
    def interval(self) -> Interval:
        return self.at, self.at + self.seconds

    def is_explained_by(self, impact: ClientImpact) -> bool:
        return any(impact.explains(name, self.interval) for name in (self.sender, self.receiver))


class Measurements:
    def __init__(self, histories: Sequence[History], listeners: Collection[str]) -> None:
        self._listening = [one for one in histories if one.name in listeners]
        self._acknowledged = sorted(at for one in histories for at in _acknowledged(one))
        self._deliveries = sorted(_deliveries(histories, self._listening))

    def silences(
        self, window: Interval, impacts: Sequence[ClientImpact] = (), cut_off: float = FOREVER
    ) -> Iterator[Interval]:
        """Yield the intervals, beginning in the window, in which a listener received nothing.

        `impacts` are those of other faults; every silence ends at `cut_off` at the latest.
        """
        for history in self._listening:
            for interval in silences(history, *window, cut_off):
                if not any(impact.explains(history.name, interval) for impact in impacts):
                    yield interval

    def deliveries(self, window: Interval, impacts: Sequence[ClientImpact] = ()) -> list[Delivery]:
        """Return how the messages sent within the window reached each listener."""
        first = bisect_left(self._deliveries, window[0], key=_sent_at)
        last = bisect_right(self._deliveries, window[1], key=_sent_at)
        return [
            one
            for one in self._deliveries[first:last]
            if not any(one.is_explained_by(impact) for impact in impacts)
        ]

    def recovery_after(self, at: float) -> float | None:
        """Return how long after that moment the next message was acknowledged."""
        index = bisect_left(self._acknowledged, at)
        return self._acknowledged[index] - at if index < len(self._acknowledged) else None

    def rate_outside(self, window: Interval, outages: Sequence[Interval]) -> float:
        """Return how many messages a second were acknowledged while there was no outage."""
        intervals = list(_outside(*window, outages))
        seconds = sum(end - start for start, end in intervals)
        count = sum(
            bisect_left(self._acknowledged, end) - bisect_left(self._acknowledged, start)
            for start, end in intervals
        )
        return count / seconds if seconds > 0 else 0.0


def slowest_but(share: float, seconds: Sequence[float]) -> float | None:
    """Return the longest time after leaving out the worst share; None if there are no times."""
    return sorted(seconds)[ceil((1 - share) * len(seconds)) - 1] if seconds else None


def _sent_at(delivery: Delivery) -> float:
    return delivery.at


def _outside(start: float, end: float, outages: Sequence[Interval]) -> Iterator[Interval]:
    for outage_start, outage_end in sorted(outages):
        if start < outage_start:
            yield start, min(outage_start, end)
        start = max(start, outage_end)
    if start < end:
        yield start, end


def _acknowledged(history: History) -> Iterator[float]:
    for entry in history.entries:
        match entry:
            case CommandAnswered(command={"type": "message.send"}, code=None):
                yield entry.at


def _deliveries(histories: Sequence[History], listening: Sequence[History]) -> Iterator[Delivery]:
    """Yield each message's deliveries to listeners, timed from when it was first sent."""
    sent: dict[str, tuple[float, str]] = {}
    for history in histories:
        for entry in history.entries:
            if isinstance(entry, CommandSent) and entry.command["type"] == "message.send":
                sent.setdefault(entry.command["nonce"], (entry.at, history.name))
    for history in listening:
        for entry in history.entries:
            match entry:
                case EventReceived(type="message.created", message={"nonce": nonce}):
                    if nonce in sent:
                        at, sender = sent[nonce]
                        yield Delivery(at, entry.at - at, sender, history.name)

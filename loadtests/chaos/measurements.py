"""What people noticed of each fault: silences, deliveries, the first answer after it. Pure.

Over the histories of a run, all on the one monotonic clock. Who listens hears talk all the time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from loadtests.chaos.client_faults import Hit
from loadtests.lib.checker.silence import FOREVER, silences
from loadtests.lib.client.history import CommandAnswered, CommandSent, EventReceived, History

Window = tuple[float, float]


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    at: float  # when it was sent first
    seconds: float
    sender: str
    hearer: str

    @property
    def span(self) -> Window:
        return self.at, self.at + self.seconds

    def is_explained_by(self, hit: Hit) -> bool:
        return hit.explains(self.sender, self.span) or hit.explains(self.hearer, self.span)


class Noticed:
    def __init__(self, histories: Sequence[History], listeners: Collection[str]) -> None:
        self._listening = [one for one in histories if one.name in listeners]
        self.acknowledged = sorted(at for one in histories for at in _acknowledged(one))
        self._deliveries = sorted(_deliveries(histories, self._listening))

    def silences(
        self, window: Window, hits: Sequence[Hit] = (), outage: float = FOREVER
    ) -> Iterator[Window]:
        """Yield when listeners heard nothing, from any moment of the window on.

        `hits` are those of other faults, `outage` is when the next outage after it begins.
        """
        for history in self._listening:
            for span in silences(history, *window, outage):
                if not any(hit.explains(history.name, span) for hit in hits):
                    yield span

    def deliveries(self, window: Window, hits: Sequence[Hit] = ()) -> list[Delivery]:
        """Return how the messages sent within it were received, by each who listens."""
        first = bisect_left(self._deliveries, window[0], key=_at)
        last = bisect_right(self._deliveries, window[1], key=_at)
        return [
            one
            for one in self._deliveries[first:last]
            if not any(one.is_explained_by(hit) for hit in hits)
        ]

    def answered_after(self, at: float) -> float | None:
        """Return how long after that moment the next message was answered."""
        next_one = bisect_left(self.acknowledged, at)
        if next_one == len(self.acknowledged):
            return None
        return self.acknowledged[next_one] - at

    def rate_outside(self, window: Window, outages: Sequence[Window]) -> float:
        """Return how many messages a second were acknowledged while there was no outage."""
        began, ended = window
        spans = list(_outside(began, ended, outages))
        seconds = sum(later - earlier for earlier, later in spans)
        count = sum(
            bisect_left(self.acknowledged, later) - bisect_left(self.acknowledged, earlier)
            for earlier, later in spans
        )
        return count / seconds if seconds > 0 else 0.0


def slowest_but(share: float, seconds: Sequence[float]) -> float | None:
    """Return the longest of them but for the worst share; None of nothing."""
    return sorted(seconds)[ceil((1 - share) * len(seconds)) - 1] if seconds else None


def _at(delivery: Delivery) -> float:
    return delivery.at


def _outside(began: float, ended: float, outages: Sequence[Window]) -> Iterator[Window]:
    for outage_began, outage_ended in sorted(outages):
        if began < outage_began:
            yield began, min(outage_began, ended)
        began = max(began, outage_ended)
    if began < ended:
        yield began, ended


def _acknowledged(history: History) -> Iterator[float]:
    for entry in history.entries:
        match entry:
            case CommandAnswered(command={"type": "message.send"}, code=None):
                yield entry.at


def _deliveries(histories: Sequence[History], listening: Sequence[History]) -> Iterator[Delivery]:
    """Yield when each message was first sent, and how long it took, for all who listen."""
    sent: dict[str, tuple[float, str]] = {}
    for history in histories:
        for entry in history.entries:
            if isinstance(entry, CommandSent) and entry.command["type"] == "message.send":
                sent.setdefault(entry.command["nonce"], (entry.at, history.name))
    for history in listening:
        for entry in history.entries:
            if (
                isinstance(entry, EventReceived)
                and entry.type == "message.created"
                and entry.message
            ):
                first = sent.get(entry.message.get("nonce", ""))
                if first is not None:
                    at, sender = first
                    yield Delivery(at, entry.at - at, sender, history.name)

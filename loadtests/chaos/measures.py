"""What people noticed of each fault: silences, deliveries, the first answer after it. Pure.

Over the histories of a run, all on the one monotonic clock. Who listens hears talk all the time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from math import ceil

from loadtests.checker.silence import longest_silence
from loadtests.client.history import Answered, Heard, History, Sent

Window = tuple[float, float]


class Noticed:
    def __init__(self, histories: Sequence[History], listeners: Collection[str]) -> None:
        self._listening = [one for one in histories if one.name in listeners]
        self.acknowledged = sorted(at for one in histories for at in _acknowledged(one))
        self._deliveries = sorted(_deliveries(histories, self._listening))

    def silence(self, window: Window) -> float:
        """Return the longest time that any listener heard nothing within the window."""
        return max((longest_silence(one, *window) for one in self._listening), default=0.0)

    def delivery(self, window: Window, share: float = 0.99) -> float | None:
        """Return in how many seconds so many of the messages sent within it were received."""
        began, ended = window
        first = bisect_left(self._deliveries, (began, 0.0))
        last = bisect_right(self._deliveries, (ended, 0.0))
        took = sorted(seconds for _, seconds in self._deliveries[first:last])
        return took[ceil(share * len(took)) - 1] if took else None

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
            case Answered(command={"type": "message.send"}, code=None):
                yield entry.at


def _deliveries(
    histories: Sequence[History], listening: Sequence[History]
) -> Iterator[tuple[float, float]]:
    """Yield when each message was first sent, and how long it took, for all who listen."""
    sent: dict[str, float] = {}
    for history in histories:
        for entry in history.entries:
            if isinstance(entry, Sent) and entry.command["type"] == "message.send":
                sent.setdefault(entry.command["nonce"], entry.at)
    for history in listening:
        for entry in history.entries:
            if isinstance(entry, Heard) and entry.type == "message.created" and entry.message:
                at = sent.get(entry.message.get("nonce", ""))
                if at is not None:
                    yield at, entry.at - at

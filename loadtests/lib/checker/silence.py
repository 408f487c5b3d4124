"""How long clients received no events while others were sending. Pure.

A silence that has not ended at the end of the span counts in full: it lasts until the client's next
event, or until its history ends. But if an outage starts before that, the silence ends there,
because during an outage no user can send.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise

from loadtests.lib.checker.intervals import Interval
from loadtests.lib.client.history import EventReceived, History

FOREVER = float("inf")


def longest_silence(history: History, start: float, end: float, outage: float = FOREVER) -> float:
    """Return the longest of `silences`, in seconds."""
    return max(later - earlier for earlier, later in silences(history, start, end, outage))


def silences(
    history: History, start: float, end: float, outage: float = FOREVER
) -> Iterator[Interval]:
    """Yield the silences that start between `start` and `end`.

    `outage` is the start of the first outage after `end`.
    """
    received = event_times(history)
    next_index = bisect_right(received, end)
    within = received[bisect_left(received, start) : next_index]
    last = received[next_index] if next_index < len(received) else max(end, history.ended or end)
    yield from pairwise([start, *within, min(last, outage)])


def event_times(history: History) -> list[float]:
    return [entry.at for entry in history.entries if isinstance(entry, EventReceived)]

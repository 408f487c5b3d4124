"""For how long clients heard nothing of what is said. Pure.

A silence that is still open where one stops looking is as long as it became: it goes on to the
client's next event, or to the end of what the client saw. But where an outage begins meanwhile, in
which nobody can talk, what is later proves nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise

from loadtests.lib.checker.intervals import Interval
from loadtests.lib.client.history import EventReceived, History

FOREVER = float("inf")


def longest_silence(history: History, began: float, ended: float, outage: float = FOREVER) -> float:
    """Return in seconds the longest of `silences`."""
    return max(later - earlier for earlier, later in silences(history, began, ended, outage))


def silences(
    history: History, began: float, ended: float, outage: float = FOREVER
) -> Iterator[Interval]:
    """Yield the spans between events from `began` on, as far as they begin before `ended`.

    `outage` is when the first outage after `ended` begins.
    """
    heard = event_times(history)
    next_one = bisect_right(heard, ended)
    within = heard[bisect_left(heard, began) : next_one]
    last = heard[next_one] if next_one < len(heard) else max(ended, history.ended or ended)
    yield from pairwise([began, *within, min(last, outage)])


def event_times(history: History) -> list[float]:
    return [entry.at for entry in history.entries if isinstance(entry, EventReceived)]

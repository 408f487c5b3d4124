"""For how long clients heard nothing of what is said. Pure."""

from bisect import bisect_left, bisect_right
from itertools import pairwise

from loadtests.client.history import Heard, History


def longest_silence(history: History, began: float, ended: float) -> float:
    """Return the longest time within two moments in which no event came, in seconds."""
    heard = times_heard(history)
    within = heard[bisect_left(heard, began) : bisect_right(heard, ended)]
    return max(later - earlier for earlier, later in pairwise([began, *within, ended]))


def times_heard(history: History) -> list[float]:
    return [entry.at for entry in history.entries if isinstance(entry, Heard)]

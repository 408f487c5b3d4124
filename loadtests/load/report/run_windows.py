"""Groups a run's seconds into windows, so that an hour can be drawn as well as a minute. Pure.

Counts and durations in a window are added up. States (users, connections) are those of the window's
last second. For generators, the worst second counts, because a mean would hide what matters.
"""

from dataclasses import dataclass, replace
from itertools import groupby

from loadtests.lib.measurements.series import GeneratorUsage, Second, Series

MAX_WINDOWS = 240


@dataclass(frozen=True, slots=True)
class RunWindow:
    at: float  # the middle of the window, in seconds since the run started
    seconds: int
    total: Second


def windows(series: Series, most: int = MAX_WINDOWS) -> list[RunWindow]:
    """Return the run in at most `most` windows of equal length, without empty windows.

    The length is a whole number of seconds. The last window can be shorter.
    """
    seconds = series.in_order()
    if not seconds:
        return []
    first, length = seconds[0].at, seconds[-1].at - seconds[0].at + 1
    size = -(-length // most)
    found = []
    for number, group in groupby(seconds, lambda one: (one.at - first) // size):
        start, covered = number * size, min(size, length - number * size)
        found.append(RunWindow(start + covered / 2, covered, _total(list(group))))
    return found


def _total(group: list[Second]) -> Second:
    total, worst = Second(group[0].at), dict[str, GeneratorUsage]()
    for second in group:
        total.merge(second)
        for name, one in second.generators.items():
            known = worst.get(name, one)
            cpu, lag = max(known.cpu_percent, one.cpu_percent), max(known.lag_ms, one.lag_ms)
            worst[name] = GeneratorUsage(cpu, lag)
    last = group[-1]
    return replace(total, users=last.users, connections=last.connections, generators=worst)

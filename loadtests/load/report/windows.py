"""Groups a run's seconds into windows, so that an hour can be drawn as well as a minute. Pure.

Counts and durations in a window are added up. States (users, connections) are those of its last
second. For generators, the worst second counts: a mean would hide what matters.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from loadtests.lib.measurements.series import GeneratorUsage, Second, Series
from loadtests.lib.monitoring.time_series import Points

MAX_WINDOWS = 240


@dataclass(frozen=True, slots=True)
class Window:
    at: float  # its middle, in seconds since the run started
    seconds: int
    total: Second


def windows(series: Series, most: int = MAX_WINDOWS) -> list[Window]:
    """Return the run in at most `most` windows of equal length, without empty ones.

    The length is a whole number of seconds; the last window may be shorter.
    """
    seconds = series.in_order()
    if not seconds:
        return []
    first, last = seconds[0].at, seconds[-1].at
    size = -(-(last - first + 1) // most)
    grouped: dict[int, list[Second]] = {}
    for second in seconds:
        grouped.setdefault((second.at - first) // size, []).append(second)
    return [
        _window(number * size, min(size, last - first + 1 - number * size), group)
        for number, group in grouped.items()
    ]


def points(seen: Iterable[Window], value: Callable[[Window], float | None]) -> Points:
    """Return a value over time, leaving out windows that have none."""
    found = ((window.at, value(window)) for window in seen)
    return [(at, number) for at, number in found if number is not None]


def _window(start: int, seconds: int, group: list[Second]) -> Window:
    total = Second(group[0].at)
    for second in group:
        total.merge(second)
    last = group[-1]
    return Window(
        start + seconds / 2,
        seconds,
        replace(total, users=last.users, connections=last.connections, generators=_worst(group)),
    )


def _worst(group: list[Second]) -> dict[str, GeneratorUsage]:
    worst: dict[str, GeneratorUsage] = {}
    for second in group:
        for name, one in second.generators.items():
            known = worst.setdefault(name, GeneratorUsage(0.0, 0.0))
            known.cpu_percent = max(known.cpu_percent, one.cpu_percent)
            known.lag_ms = max(known.lag_ms, one.lag_ms)
    return worst

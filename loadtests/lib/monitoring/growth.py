"""Finds out whether a measured value grows, in spite of noise. Pure.

Growth is the larger of two figures, and single outliers affect neither. The first figure finds a
slow leak under noise: it is the median slope (Theil-Sen: the median of the slopes between all pairs
of points), times the whole duration. The second figure finds a single step: it is the median of the
last fifth minus the median of the first fifth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from loadtests.lib.monitoring.time_series import Points

# Slopes are computed between this many medians, which gives 1,770 pairs for any duration.
BUCKETS = 60
FIFTHS = 5
MIN_POINTS = 2 * FIFTHS


@dataclass(frozen=True, slots=True)
class Growth:
    level: float  # the median of the first fifth
    grown: float  # growth over the whole duration, in the unit of the measured value


def growth(points: Points) -> Growth | None:
    """Return how much the value grew; None if there are too few points to tell."""
    if len(points) < MIN_POINTS:
        return None
    fifth = len(points) // FIFTHS
    first = median(value for _, value in points[:fifth])
    last = median(value for _, value in points[-fifth:])
    seconds = points[-1][0] - points[0][0]
    return Growth(first, max(last - first, _median_slope(_thinned(points)) * seconds))


def _thinned(points: Points) -> Points:
    """Return the medians of consecutive groups of points: the same trend, but with less noise."""
    size = max(1, len(points) // BUCKETS)
    groups = [points[first : first + size] for first in range(0, len(points), size)]
    return [(_middle([at for at, _ in one]), median(v for _, v in one)) for one in groups]


def _middle(times: Sequence[float]) -> float:
    return (times[0] + times[-1]) / 2


def _median_slope(points: Points) -> float:
    slopes = [(b - a) / (later - at) for (at, a), (later, b) in combinations(points, 2)]
    return median(slopes)

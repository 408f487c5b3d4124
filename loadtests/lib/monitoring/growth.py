"""Whether something grows: told from noise, from a start that takes a while, and from one step.

Pure. Growth is the larger of two figures, each robust against single outliers: what the median
slope (Theil and Sen: the median of the slopes between all pairs of points) adds over the whole
time, which sees a slow leak under noise; and the last fifth's median less the first fifth's, which
sees what grew at once and stayed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from loadtests.lib.monitoring.time_series import Points

BUCKETS = 60  # medians that the slopes are taken between: 1,770 pairs, however long it ran
FIFTHS = 5
LEAST_POINTS = 2 * FIFTHS


@dataclass(frozen=True, slots=True)
class Growth:
    level: float  # the first fifth's median
    grown: float  # in the unit of what was measured, over the whole time

    @property
    def share(self) -> float:
        if self.level > 0:
            return self.grown / self.level
        return 0.0 if self.grown <= 0 else float("inf")


def growth(points: Points) -> Growth | None:
    """Return by how much it grew; None where there are too few points to say."""
    if len(points) < LEAST_POINTS:
        return None
    fifth = len(points) // FIFTHS
    first = median(value for _, value in points[:fifth])
    last = median(value for _, value in points[-fifth:])
    seconds = points[-1][0] - points[0][0]
    return Growth(first, max(last - first, _median_slope(_thinned(points)) * seconds))


def _thinned(points: Points) -> Points:
    """Return the medians of consecutive stretches: noise goes, the trend stays."""
    size = max(1, len(points) // BUCKETS)
    stretches = [points[first : first + size] for first in range(0, len(points), size)]
    return [(_middle([at for at, _ in one]), median(v for _, v in one)) for one in stretches]


def _middle(times: Sequence[float]) -> float:
    return (times[0] + times[-1]) / 2


def _median_slope(points: Points) -> float:
    slopes = [(b - a) / (later - at) for (at, a), (later, b) in combinations(points, 2)]
    return median(slopes)

"""Durations in log buckets: merged exactly, read with an error of one bucket. Pure.

Every process of a load keeps its own and the master adds them up, so a percentile of the whole is
that of all measurements, never an average of percentiles. One bucket is 4.4 % wide; a percentile is
the upper edge of its bucket, so it is never better than what was measured.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Self

BUCKETS_PER_DOUBLING = 16


@dataclass(slots=True)
class Histogram:
    """`counts` is bucket → how many; bucket i holds durations from 2^(i/16) µs on."""

    counts: dict[int, int] = field(default_factory=dict)
    sum_us: int = 0
    max_us: int = 0

    def add(self, seconds: float) -> None:
        """Count one duration; what clocks of two machines make negative counts as 1 µs."""
        us = max(1, round(seconds * 1e6))
        bucket = int(math.log2(us) * BUCKETS_PER_DOUBLING)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.sum_us += us
        self.max_us = max(self.max_us, us)

    def merge(self, other: "Histogram") -> None:
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.sum_us += other.sum_us
        self.max_us = max(self.max_us, other.max_us)

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def percentile_ms(self, percent: float) -> float | None:
        """Return what so many percent of the durations did not exceed; None where there is none."""
        due = math.ceil(self.count * percent / 100)
        for bucket in sorted(self.counts):
            due -= self.counts[bucket]
            if due <= 0:
                return min(upper_us(bucket), self.max_us) / 1000
        return None

    def to_json(self) -> dict[str, Any]:
        counts = [[bucket, self.counts[bucket]] for bucket in sorted(self.counts)]
        return {"counts": counts, "sum_us": self.sum_us, "max_us": self.max_us}

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Self:
        counts = {int(bucket): int(count) for bucket, count in read["counts"]}
        return cls(counts, int(read["sum_us"]), int(read["max_us"]))


def upper_us(bucket: int) -> float:
    """Return where the bucket ends, in µs."""
    return float(2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING))

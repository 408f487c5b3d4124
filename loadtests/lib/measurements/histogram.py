"""Counts durations in an HdrHistogram. Merging is exact; percentiles are within 1 %.

Each process of a load keeps its own histograms, and the master adds them up. Merging the histograms
of seconds and processes is exact, so a percentile of the whole run is computed from all
measurements, and is never an average of percentiles. See docs/decisions/0019. An HdrHistogram takes
26 KB even if it is nearly empty: call `pack` on the histograms that are kept for a whole run.
"""

import math
from collections.abc import Iterator

from hdrh.histogram import HdrHistogram

LONGEST_US = 3_600_000_000  # longer durations count as an hour
SIGNIFICANT_DIGITS = 2


class Histogram:
    """A histogram of durations.

    A percentile is the upper edge of its bucket, so it is never lower than the measured duration.
    """

    __slots__ = ("_counts", "_packed")

    def __init__(self, packed: bytes | None = None) -> None:
        self._packed = packed
        self._counts: HdrHistogram | None = None

    def record(self, seconds: float) -> None:
        """Count one duration.

        A negative duration, which the clocks of two machines can give, counts as 1 µs.
        """
        us = min(max(1, round(seconds * 1e6)), LONGEST_US)
        (self._counts or self._unpack()).record_value(us)

    def merge(self, other: "Histogram") -> None:
        (self._counts or self._unpack()).add(other._read())

    def pack(self) -> None:
        """Keep the histogram compressed. It can still be read and changed."""
        if self._counts is not None:
            self._packed, self._counts = self._counts.encode(), None

    @property
    def count(self) -> int:
        return int(self._read().get_total_count()) if self else 0

    @property
    def max_ms(self) -> float:
        return float(self._read().get_max_value()) / 1000 if self else 0.0

    def percentile_ms(self, percent: float) -> float | None:
        """Return the time that `percent` of the durations do not exceed; None if there are none."""
        counts = self._read()
        total = counts.get_total_count()
        if not total:
            return None
        # The library rounds the rank to the nearest integer, but the nearest-rank method rounds it
        # up.
        rank = math.ceil(total * percent / 100)
        return float(counts.get_value_at_percentile(100 * rank / total)) / 1000

    def buckets_ms(self) -> Iterator[tuple[float, int]]:
        """Yield the upper edge and the count of each bucket that is not empty, in order.

        The library's own iterator takes 20 ms, which would stop an event loop each second.
        """
        counts = self._read()
        for index, count in enumerate(counts.counts):
            if count:
                upper = counts.get_highest_equivalent_value(counts.get_value_from_index(index))
                yield upper / 1000, count

    def to_json(self) -> str:
        """Return the histogram in HdrHistogram's own encoding, as base64."""
        encoded: bytes = self._read().encode() if self._packed is None else self._packed
        return encoded.decode()

    @classmethod
    def from_json(cls, encoded: str) -> "Histogram":
        return cls(encoded.encode())

    def __bool__(self) -> bool:
        return self._counts is not None or self._packed is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and list(self.buckets_ms()) == list(other.buckets_ms())

    __hash__ = None  # type: ignore[assignment]

    def _unpack(self) -> HdrHistogram:
        self._counts, self._packed = self._read(), None
        return self._counts

    def _read(self) -> HdrHistogram:
        if self._counts is not None:
            return self._counts
        if self._packed is not None:
            return HdrHistogram.decode(self._packed)
        return HdrHistogram(1, LONGEST_US, SIGNIFICANT_DIGITS)

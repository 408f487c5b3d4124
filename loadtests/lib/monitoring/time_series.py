"""Reads a file of samples, and computes values, rates and percentiles over time. Pure.

Times are seconds since the first sample. If a part was not sampled at some time, it has no value at
that time. If a new process starts a counter from zero, the counter's earlier growth still counts.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

Points: TypeAlias = list[tuple[float, float]]  # pairs of seconds and value


@dataclass(frozen=True, slots=True)
class Samples:
    began_at: float = 0.0  # the time of the first sample, in seconds since 1970
    rows: Sequence[tuple[float, Mapping[str, Mapping[str, float]]]] = ()
    unseen: Sequence[str] = ()  # what could not be sampled
    # For each thing that could not always be sampled: why.
    failures: Mapping[str, str] = field(default_factory=dict)

    def parts(self, kind: str = "") -> list[str]:
        """Return the names of all sampled parts that start with `kind`."""
        return sorted({name for _, parts in self.rows for name in parts if name.startswith(kind)})

    def values(self, part: str, measure: str) -> Points:
        return [
            (at, parts[part][measure]) for at, parts in self.rows if measure in parts.get(part, {})
        ]

    def rates(self, part: str, counter: str) -> Points:
        """Return how much a counter grew per second between consecutive samples."""
        return rates(self.values(part, counter))

    def quantiles(self, part: str, histogram: str, share: float) -> Points:
        """Return a percentile of what a histogram counted between consecutive samples."""
        buckets = self._buckets(part, f"{histogram}_bucket:")
        found = ((at, quantile(counts, share)) for at, counts in increases(buckets))
        return [(at, value) for at, value in found if value is not None]

    def _buckets(self, part: str, prefix: str) -> list[tuple[float, dict[float, float]]]:
        rows = []
        for at, parts in self.rows:
            facts = parts.get(part, {})
            counts = {
                float(name.removeprefix(prefix)): value
                for name, value in facts.items()
                if name.startswith(prefix)
            }
            if counts:
                rows.append((at, counts))
        return rows


def read(file: Path) -> Samples:
    """Read a file of samples that can still be growing. An incomplete last line is ignored."""
    return parse(line for line in file.read_text().splitlines(keepends=True) if line[-1:] == "\n")


def parse(lines: Iterable[str]) -> Samples:
    rows, unseen, failures = [], list[str](), dict[str, str]()
    for line in map(json.loads, lines):
        if "parts" in line:
            rows.append((line["at"], line["parts"]))
        elif "failed" in line:
            failures[line["failed"]] = line["why"]
        else:
            unseen += line["unseen"]
    start = rows[0][0] if rows else 0.0
    return Samples(start, [(at - start, parts) for at, parts in rows], unseen, failures)


def rates(points: Points) -> Points:
    return [
        (at, increase(before, value) / (at - earlier))
        for (earlier, before), (at, value) in pairwise(points)
        if at > earlier
    ]


def gained(points: Points) -> float:
    """Return how much a counter grew from the first point to the last."""
    return sum(increase(before, after) for (_, before), (_, after) in pairwise(points))


def increase(before: float, after: float) -> float:
    """Return how much a counter grew.

    A counter that fell by more than half was restarted from zero, and grew by its whole value. A
    counter that fell by less is a sum over several processes, one of which has ended: its growth is
    unknown and counts as 0.
    """
    if after >= before:
        return after - before
    return after if after < before / 2 else 0.0


def increases(
    rows: Sequence[tuple[float, Mapping[float, float]]],
) -> list[tuple[float, dict[float, float]]]:
    return [
        (at, {upper: increase(before.get(upper, 0.0), count) for upper, count in counts.items()})
        for (_, before), (at, counts) in pairwise(rows)
    ]


def quantile(cumulative: Mapping[float, float], share: float) -> float | None:
    """Return a percentile of a Prometheus histogram, as histogram_quantile() does.

    Return None if nothing was counted. Above the last bucket, return the bound of that bucket.
    """
    bounds = sorted(cumulative)
    total = cumulative[bounds[-1]] if bounds else 0.0
    if total <= 0:
        return None
    wanted, lower, below = share * total, 0.0, 0.0
    for upper in bounds:
        count = cumulative[upper]
        if count >= wanted and count > below:
            if upper == float("inf"):
                return lower
            return lower + (upper - lower) * (wanted - below) / (count - below)
        lower, below = (upper, count) if upper != float("inf") else (lower, below)
    return lower


def total(series: Iterable[Points]) -> Points:
    """Return the sum of several series at each time."""
    sums: defaultdict[float, float] = defaultdict(float)
    for points in series:
        for at, value in points:
            sums[at] += value
    return sorted(sums.items())

"""Merges, subtracts and intersects intervals of time. Pure."""

from collections.abc import Iterable, Iterator

Interval = tuple[float, float]


def merge_intervals(intervals: Iterable[Interval]) -> list[Interval]:
    """Merge intervals into as few as possible, in order."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        elif start < end:
            merged.append((start, end))
    return merged


def subtract_intervals(interval: Interval, others: Iterable[Interval]) -> Iterator[Interval]:
    """Yield the parts of an interval that are outside all the others.

    The others are in order and disjoint.
    """
    start, end = interval
    for other_start, other_end in others:
        if other_end <= start:
            continue
        if other_start >= end:
            break
        if start < other_start:
            yield start, other_start
        start = max(start, other_end)
    if start < end:
        yield start, end


def intersect_intervals(interval: Interval, others: Iterable[Interval]) -> Iterator[Interval]:
    """Yield the parts of an interval that it shares with each of the others."""
    for start, end in others:
        both = max(interval[0], start), min(interval[1], end)
        if both[0] < both[1]:
            yield both

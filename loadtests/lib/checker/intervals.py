"""Spans of time, from one moment to another: joined, and taken from each other. Pure."""

from collections.abc import Iterable, Iterator

Interval = tuple[float, float]


def merge_intervals(spans: Iterable[Interval]) -> list[Interval]:
    """Return the same time in as few spans as can be, in order."""
    together: list[Interval] = []
    for began, ended in sorted(spans):
        if together and began <= together[-1][1]:
            together[-1] = together[-1][0], max(together[-1][1], ended)
        elif began < ended:
            together.append((began, ended))
    return together


def subtract_intervals(span: Interval, taken: Iterable[Interval]) -> Iterator[Interval]:
    """Yield what is left of a span without those, which are in order and do not overlap."""
    began, ended = span
    for taken_began, taken_ended in taken:
        if taken_ended <= began:
            continue
        if taken_began >= ended:
            break
        if began < taken_began:
            yield began, taken_began
        began = max(began, taken_ended)
    if began < ended:
        yield began, ended


def intersect_intervals(span: Interval, others: Iterable[Interval]) -> Iterator[Interval]:
    """Yield what a span has in common with each of the others."""
    for began, ended in others:
        both = max(span[0], began), min(span[1], ended)
        if both[0] < both[1]:
            yield both

"""Rules of presence: who has a room open is shown to be there, and nobody else is. Pure.

Each within its promise, which faults may lengthen: `windows`. All clients that have the rooms open
must be among the histories, and have gone at the same moment, at the end.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from loadtests.lib.checker.fault_windows import Deadlines
from loadtests.lib.checker.intervals import (
    Interval,
    intersect_intervals,
    merge_intervals,
    subtract_intervals,
)
from loadtests.lib.checker.presence_intervals import PresenceInterval, stays
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import History

Spans = dict[int, list[Interval]]  # person: when they were there


def check(histories: Sequence[History], deadlines: Deadlines) -> list[Violation]:
    seen = [(history.name, stay) for history in histories for stay in stays(history)]
    possible = _by_room([(stay, stay.possible) for _, stay in seen])
    certain = _by_room([(stay, stay.certain) for _, stay in seen])
    return [
        fault
        for who, stay in seen
        if not stay.counted
        for fault in (
            *_ghosts(who, stay, possible[stay.room], deadlines),
            *_missing(who, stay, certain[stay.room], deadlines),
        )
    ]


def _ghosts(
    who: str, stay: PresenceInterval, there: Spans, deadlines: Deadlines
) -> Iterator[Violation]:
    """Nobody is shown for longer than promised after they were there last."""
    for user, shown in stay.seen.items():
        for span in shown:
            for began, ended in subtract_intervals(span, there.get(user, ())):
                if ended > deadlines.deadline(began, "gone_seconds"):
                    detail = f"person {user} was shown for {ended - began:.1f} s, and not there"
                    yield Violation("gone-in-time", who, stay.room, detail)


def _missing(
    who: str, stay: PresenceInterval, there: Spans, deadlines: Deadlines
) -> Iterator[Violation]:
    """Everybody is shown who has the room open, once that has lasted as long as promised."""
    for user, spans in there.items():
        shown = merge_intervals(stay.seen.get(user, ()))
        for span in intersect_intervals(stay.certain, spans):
            for began, ended in subtract_intervals(span, shown):
                if ended > deadlines.deadline(began, "present_seconds"):
                    detail = f"person {user} was there for {ended - began:.1f} s, and not shown"
                    yield Violation("present-in-time", who, stay.room, detail)


def _by_room(spans: Sequence[tuple[PresenceInterval, Interval]]) -> dict[int, Spans]:
    """Return, for each room, when each person was there with any of their tabs."""
    found: dict[int, dict[int, list[Interval]]] = defaultdict(lambda: defaultdict(list))
    for stay, span in spans:
        found[stay.room][stay.user].append(span)
    there: dict[int, Spans] = defaultdict(dict)
    for room, people in found.items():
        there[room] = {user: merge_intervals(own) for user, own in people.items()}
    return there

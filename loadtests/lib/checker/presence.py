"""Rules of presence: who has a room open is shown to be there, and nobody else is. Pure.

Each within its promise, which faults may lengthen: `windows`. All clients that have the rooms open
must be among the histories, and have gone at the same moment, at the end.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from loadtests.lib.checker.fault import Fault
from loadtests.lib.checker.fault_windows import Patience
from loadtests.lib.checker.intervals import Span, common, joined, without
from loadtests.lib.checker.presence_intervals import Stay, stays
from loadtests.lib.client.history import History

Spans = dict[int, list[Span]]  # person: when they were there


def check(histories: Sequence[History], patience: Patience) -> list[Fault]:
    seen = [(history.name, stay) for history in histories for stay in stays(history)]
    possible = _by_room([(stay, stay.possible) for _, stay in seen])
    certain = _by_room([(stay, stay.certain) for _, stay in seen])
    return [
        fault
        for who, stay in seen
        if not stay.counted
        for fault in (
            *_ghosts(who, stay, possible[stay.room], patience),
            *_missing(who, stay, certain[stay.room], patience),
        )
    ]


def _ghosts(who: str, stay: Stay, there: Spans, patience: Patience) -> Iterator[Fault]:
    """Nobody is shown for longer than promised after they were there last."""
    for user, shown in stay.seen.items():
        for span in shown:
            for began, ended in without(span, there.get(user, ())):
                if ended > patience.until(began, "gone_seconds"):
                    detail = f"person {user} was shown for {ended - began:.1f} s, and not there"
                    yield Fault("gone-in-time", who, stay.room, detail)


def _missing(who: str, stay: Stay, there: Spans, patience: Patience) -> Iterator[Fault]:
    """Everybody is shown who has the room open, once that has lasted as long as promised."""
    for user, spans in there.items():
        shown = joined(stay.seen.get(user, ()))
        for span in common(stay.certain, spans):
            for began, ended in without(span, shown):
                if ended > patience.until(began, "present_seconds"):
                    detail = f"person {user} was there for {ended - began:.1f} s, and not shown"
                    yield Fault("present-in-time", who, stay.room, detail)


def _by_room(spans: Sequence[tuple[Stay, Span]]) -> dict[int, Spans]:
    """Return, for each room, when each person was there with any of their tabs."""
    found: dict[int, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for stay, span in spans:
        found[stay.room][stay.user].append(span)
    there: dict[int, Spans] = defaultdict(dict)
    for room, people in found.items():
        there[room] = {user: joined(own) for user, own in people.items()}
    return there

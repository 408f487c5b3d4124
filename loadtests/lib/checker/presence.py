"""Rules of presence: users who have a room open are shown as online, and only they. Pure.

Each change must be visible within its promised time, which faults may extend (`Deadlines`). The
histories must include all clients that have the rooms open. All clients must have been closed at
the same moment at the end of the run.
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
from loadtests.lib.checker.presence_intervals import PresenceInterval, presence_intervals
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import History

Present = dict[int, list[Interval]]  # for each user, the intervals of presence


def check(histories: Sequence[History], deadlines: Deadlines) -> list[Violation]:
    seen = [
        (history.name, interval)
        for history in histories
        for interval in presence_intervals(history)
    ]
    possible = _by_room([(interval, interval.possible) for _, interval in seen])
    certain = _by_room([(interval, interval.certain) for _, interval in seen])
    return [
        violation
        for client, interval in seen
        if not interval.counted
        for violation in (
            *_ghosts(client, interval, possible[interval.room], deadlines),
            *_missing(client, interval, certain[interval.room], deadlines),
        )
    ]


def _ghosts(
    client: str, interval: PresenceInterval, present: Present, deadlines: Deadlines
) -> Iterator[Violation]:
    """Check that no user is shown for longer than promised after they were last present."""
    for user, shown_intervals in interval.seen.items():
        for shown in shown_intervals:
            for start, end in subtract_intervals(shown, present.get(user, ())):
                if end > deadlines.deadline(start, "gone_seconds"):
                    detail = f"user {user} was shown for {end - start:.1f} s and was not present"
                    yield Violation("gone-in-time", client, interval.room, detail)


def _missing(
    client: str, interval: PresenceInterval, present: Present, deadlines: Deadlines
) -> Iterator[Violation]:
    """Check that everyone who has the room open is shown within the promised time."""
    for user, own in present.items():
        shown = merge_intervals(interval.seen.get(user, ()))
        for both in intersect_intervals(interval.certain, own):
            for start, end in subtract_intervals(both, shown):
                if end > deadlines.deadline(start, "present_seconds"):
                    detail = f"user {user} was present for {end - start:.1f} s and was not shown"
                    yield Violation("present-in-time", client, interval.room, detail)


def _by_room(intervals: Sequence[tuple[PresenceInterval, Interval]]) -> dict[int, Present]:
    """Return, for each room, when each user was present with any of their tabs."""
    found: dict[int, dict[int, list[Interval]]] = defaultdict(lambda: defaultdict(list))
    for presence, interval in intervals:
        found[presence.room][presence.user].append(interval)
    by_room: dict[int, Present] = defaultdict(dict)
    for room, users in found.items():
        by_room[room] = {user: merge_intervals(own) for user, own in users.items()}
    return by_room

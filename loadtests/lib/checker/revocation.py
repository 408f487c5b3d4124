"""Rules of revocation: a user who lost access receives nothing after the promised time. Pure.

The time counts from the answer to the request that took the access away. A connection that no
longer receives anything is not a violation, however long its client takes to notice. A REST load
that still succeeds is a violation, with or without a connection.
"""

from collections.abc import Iterator, Sequence

from loadtests.lib.checker.fault_windows import Deadlines
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import history as entries
from loadtests.lib.client.history import Entry, History

Received = (
    entries.EventReceived
    | entries.PresenceChanged
    | entries.Subscribed
    | entries.CommandAnswered
    | entries.Connected
)


def check(histories: Sequence[History], deadlines: Deadlines) -> list[Violation]:
    by_name = {history.name: history for history in histories}
    return [
        violation
        for history in histories
        for revoked in history.entries
        if isinstance(revoked, entries.AccessRevoked)
        for name in revoked.clients
        for violation in _judge(by_name[name], revoked, deadlines)
    ]


def _judge(
    history: History, revoked: entries.AccessRevoked, deadlines: Deadlines
) -> Iterator[Violation]:
    deadline = deadlines.deadline(revoked.at, "revoked_seconds")
    room = revoked.room
    # `room` is None if the user lost all access. Such a user must not even connect again, so judge
    # every later entry, and not only those of one subscription.
    later = history.entries if room is None else _on_same_subscription(history, revoked)
    for entry in later:
        if entry.at > deadline and _was_received(entry, room):
            seconds = entry.at - revoked.at
            detail = f"{seconds:.1f} s after access was revoked: {type(entry).__name__}"
            yield Violation("revoked-in-time", history.name, room, detail)
            return


def _was_received(entry: Entry, room: int | None) -> bool:
    """Return whether the client received anything over its connection or by loading a lost room."""
    return isinstance(entry, Received) or (
        isinstance(entry, entries.RoomLoaded) and room in (None, entry.room)
    )


def _on_same_subscription(history: History, revoked: entries.AccessRevoked) -> Iterator[Entry]:
    """Yield what arrived on the subscription that was open when access was revoked.

    After the end of that subscription, only loads are yielded, until the client subscribes to the
    room again.
    """
    is_open = False
    for entry in history.entries:
        before = entry.at < revoked.requested_at
        match entry:
            case entries.Subscribed(room=revoked.room) if before:
                is_open = True
            case entries.SubscribeSent(room=revoked.room) if not before:
                return
            case (
                entries.Disconnected()
                | entries.SubscriptionEnded(room=revoked.room)
                | entries.SubscribeSent(room=revoked.room)
            ):
                is_open = False
            case entries.CommandAnswered(
                command={"type": "unsubscribe", "room": revoked.room}, code=None
            ):
                is_open = False
        if entry.at >= revoked.at and (is_open or isinstance(entry, entries.RoomLoaded)):
            yield entry

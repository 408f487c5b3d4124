"""Decides which subscriptions an event of a room ends. Pure: `LocalRoom` ends them.

When a member leaves, that user's subscriptions end; when the room is archived, all of them end. The
event is the last one that their connections get from the room. `room.removed` follows it.
"""

from collections.abc import Iterable, Iterator

from hubbub.chat.log_entries import LogEntry
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.delivery.followed_log import data_of

ENDING_TYPES = ("member.left", "room.archived")


def split_after_endings(entries: list[LogEntry]) -> Iterator[list[LogEntry]]:
    """Split the entries after each one that ends subscriptions.

    Members who left must not get the entries that follow.
    """
    start = 0
    for end, entry in enumerate(entries, start=1):
        if entry.type in ENDING_TYPES:
            yield entries[start:end]
            start = end
    if start < len(entries):
        yield entries[start:]


def ended_by(entry: LogEntry, subscribers: Iterable[Connection]) -> tuple[list[Connection], str]:
    """Return the subscribers whose subscriptions end after the entry, and the reason to give."""
    if entry.type == "room.archived":
        return list(subscribers), "archived"
    left = [each for each in subscribers if each.user_id == entry.user]
    return left, data_of(entry).get("reason", "left")

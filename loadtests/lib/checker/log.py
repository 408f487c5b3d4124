"""The event log as the database has it. The histories are compared with it.

The log is read with plain SQL for PostgreSQL and SQLite, over any DB-API connection: the checker
must not read the database through the code that it judges.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

EVENTS = """
    SELECT room_id, seq, type, message_id, actor_id, user_id FROM chat_event ORDER BY room_id, seq
"""
MESSAGES = """
    SELECT id, room_id, seq, number, sender_id, nonce, body, deleted_at IS NOT NULL, rev, html
    FROM chat_message ORDER BY room_id, seq
"""


class DatabaseConnection(Protocol):
    def cursor(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    seq: int
    type: str
    message: int | None
    actor: int | None = None
    user: int | None = None  # the user whom the event concerns


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    id: int
    room: int
    seq: int
    number: int
    sender: int
    nonce: str
    body: str
    deleted: bool
    rev: int = 0  # the seq of the event that last changed the message
    html: str | None = None


@dataclass(slots=True)
class Log:
    """The events of each room by seq, and all messages by id."""

    rooms: dict[int, list[LoggedEvent]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[int, LoggedMessage] = field(default_factory=dict)

    def type_at(self, room: int, seq: int) -> str | None:
        """Return the type of a room's event; None if the log has no such event."""
        events = self.rooms.get(room, [])
        return events[seq - 1].type if 0 < seq <= len(events) else None

    def messages_of(self, room: int, since: int = 0) -> list[LoggedMessage]:
        """Return the room's messages that were created after seq `since`, in seq order."""
        own = (one for one in self.messages.values() if one.room == room and one.seq > since)
        return sorted(own, key=lambda message: message.seq)


def read_log(connection: DatabaseConnection) -> Log:
    """Read both tables completely. Use this for the databases of tests, not for production."""
    log = Log()
    for room, *columns in _rows(connection, EVENTS):
        log.rooms[room].append(LoggedEvent(*columns))
    for id, *columns in _rows(connection, MESSAGES):
        log.messages[id] = LoggedMessage(id, *columns)
    return log


def _rows(connection: DatabaseConnection, query: str) -> Iterable[Any]:
    cursor = connection.cursor()
    cursor.execute(query)
    return list(cursor.fetchall())

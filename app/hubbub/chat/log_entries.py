"""Builds the entries of the event logs, and reads those after a position.

Replicas and the REST API read the logs here; `event_recording` and `send_batch` write them. An
entry's text is built from the rows as they are now. A log row only refers to them, so a replay
never shows old text.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from hubbub.chat.models import Event, Message, WorkspaceEvent
from hubbub.chat.serializers import (
    serialize_message,
    serialize_room,
    serialize_time,
    serialize_user,
)

# Stands for the workspace log wherever a log is identified by its room's id; no room has the id 0.
WORKSPACE_LOG = 0

ROOM_TYPES = {"room.renamed", "room.topic_changed", "room.archived", "room.restored"}

encode = msgspec.json.encode


class LogEntry(NamedTuple):
    """An event in the form that replicas pass on: the fields that they need, and its text."""

    seq: int
    type: str
    message: int | None  # id of the message that the event is about
    user: int | None  # id of the user that the event concerns
    text: str  # the frame that browsers receive; in the workspace log, the event's data


def read_log(log: int, after: int, limit: int) -> list[LogEntry]:
    """Return up to `limit` entries of a log (a room's id or WORKSPACE_LOG), in order of seq.

    The entries start right after the seq `after` and have no gaps. A log is only cut at the front,
    so a gap there means that the next entries were pruned: then nothing is returned.
    """
    if log == WORKSPACE_LOG:
        events = WorkspaceEvent.objects.select_related("user", "room").filter(seq__gt=after)
        entries = [workspace_event_entry(event) for event in events.order_by("seq")[:limit]]
    else:
        rows = Event.objects.after(log, after).with_all()[:limit]
        entries = [event_entry(event) for event in rows]
    expected = range(after + 1, after + 1 + len(entries))
    return [entry for entry, seq in zip(entries, expected, strict=True) if entry.seq == seq]


def event_entry(event: Event) -> LogEntry:
    """Return the log entry of a room's event, with the rows it refers to as they are now."""
    fields = _envelope(event.type, event.room_id, event.seq, event.at)
    fields["actor"] = serialize_user(event.actor)
    if event.type.startswith("message."):
        fields["message"] = serialize_message(event.message) if event.message else None
    if event.user is not None:
        fields["user"] = serialize_user(event.user)
    if event.type in ROOM_TYPES:
        fields["room_info"] = serialize_room(event.room)
    fields |= event.data
    text = encode(fields).decode()
    return LogEntry(event.seq, event.type, event.message_id, event.user_id, text)


def new_message_entry(message: Message) -> LogEntry:
    """Return the same as `event_entry` for a new message's event, without reading the event."""
    fields = _envelope("message.created", message.room_id, message.seq, message.created_at)
    serialized = serialize_message(message)
    fields |= {"actor": serialized["sender"], "message": serialized}
    return LogEntry(message.seq, "message.created", message.pk, None, encode(fields).decode())


def workspace_event_entry(event: WorkspaceEvent) -> LogEntry:
    data = event.data | {"room": event.room_id}
    if event.user is not None:
        data["name"] = str(event.user)
    if event.type in ROOM_TYPES and event.room is not None:
        data["room_info"] = serialize_room(event.room)
    return LogEntry(event.seq, event.type, None, event.user_id, encode(data).decode())


class _Time(msgspec.Struct):
    at: datetime


_decode_time = msgspec.json.Decoder(_Time).decode


def event_time(entry: LogEntry) -> float:
    """Return when a room's event was recorded (just before its commit), in seconds since 1970."""
    return _decode_time(entry.text).at.timestamp()


def _envelope(type: str, room_id: int, seq: int, at: datetime) -> dict[str, Any]:
    return {"type": type, "room": room_id, "seq": seq, "at": serialize_time(at)}

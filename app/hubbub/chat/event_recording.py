"""Records events in the logs, and publishes them after the commit.

Actions call `record` while they hold the room's lock. Only `send_batch` saves the events of its new
messages itself. After the commit the events are published on the bus as log entries. A replica that
misses an entry reads it with `log_entries.read_log`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from hubbub.accounts.models import User
from hubbub.chat.log_entries import (
    WORKSPACE_LOG,
    event_entry,
    new_message_entry,
    workspace_event_entry,
)
from hubbub.chat.models import Event, Message, Room, Workspace, WorkspaceEvent
from hubbub.chat.publisher import publisher

EventOrMessage = TypeVar("EventOrMessage", Event, Message)


def record(
    room: Room,
    type: str,
    *,
    actor: User,
    message: Message | None = None,
    user: User | None = None,
    changed: Iterable[str] = (),
    **data: Any,
) -> Event:
    """Add an event to the log of `room`, and save the room. Publish the event after the commit.

    The caller holds the room's lock. `changed` names the other fields of the room that must be
    saved.
    """
    room.seq += 1
    room.save(update_fields=["seq", *changed])
    event = Event.objects.create(
        room=room,
        seq=room.seq,
        type=type,
        at=timezone.now(),
        actor=actor,
        message=message,
        user=user,
        data=data,
    )
    transaction.on_commit(partial(publish_events, [event]))
    return event


def record_workspace_event(
    type: str, *, user: User | None = None, room: Room | None = None, **data: Any
) -> WorkspaceEvent:
    """Add an event to the workspace log. Publish it after the commit.

    This locks the workspace's row, which must be the last lock that a transaction acquires.
    """
    workspace = Workspace.lock()
    workspace.seq += 1
    workspace.save(update_fields=["seq"])
    event = WorkspaceEvent.objects.create(
        seq=workspace.seq, type=type, at=timezone.now(), user=user, room=room, data=data
    )
    transaction.on_commit(
        lambda: publisher.publish_entries(WORKSPACE_LOG, [workspace_event_entry(event)])
    )
    return event


def publish_events(events: list[Event]) -> None:
    """Publish new events in one bus message per room, and publish a bump for each room."""
    for room_id, room_events in _by_room(events):
        publisher.publish_entries(room_id, [event_entry(event) for event in room_events])
        last = room_events[-1]
        publisher.publish_bump(room_id, last.seq, last.room.messages)


def publish_new_messages(messages: Sequence[Message]) -> None:
    """Publish the events of new messages, as `publish_events` does, without reading the events."""
    for room_id, room_messages in _by_room(messages):
        entries = [new_message_entry(message) for message in room_messages]
        publisher.publish_entries(room_id, entries)
        publisher.publish_bump(room_id, room_messages[-1].seq, room_messages[-1].number)


def _by_room(items: Iterable[EventOrMessage]) -> Iterable[tuple[int, list[EventOrMessage]]]:
    by_room: dict[int, list[EventOrMessage]] = defaultdict(list)
    for item in items:
        by_room[item.room_id].append(item)
    return by_room.items()

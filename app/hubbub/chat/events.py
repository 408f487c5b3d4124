"""Recording what happened and telling it: the only way into the logs and out of them.

`record` is called by actions, under the room's lock; after the commit the same entries are rung
through the publisher, and whoever missed them reads them with `read_log`. An entry's text is built
from rows as they are now (a log row refers, it never copies), so no replay shows old text.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.db import transaction
from django.utils import timezone

from hubbub.accounts.models import User
from hubbub.chat.models import Event, Message, Room, Workspace, WorkspaceEvent
from hubbub.chat.publisher import publisher
from hubbub.chat.serializers import message_frame, person_frame, room_frame, time_frame

# The place's log where logs are named by their room's id.
WORKSPACE_LOG = 0

ROOM_TYPES = {"room.renamed", "room.topic_changed", "room.archived", "room.restored"}

News = TypeVar("News", Event, Message)

encode = msgspec.json.encode


class Entry(NamedTuple):
    """One entry of a log as replicas pass it on: what they need to know of it, and its text."""

    seq: int
    type: str
    message: int | None  # id of the message that it is about
    user: int | None  # id of the person whom it concerns
    text: str  # the frame as it reaches browsers; for the place's log, its facts


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
    """Add an event to the log of `room`, which the caller holds locked, and save the room.

    `changed` names the room's other fields that changed. Rung after the commit.
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
    transaction.on_commit(partial(announce, [event]))
    return event


def record_workspace_event(
    type: str, *, user: User | None = None, room: Room | None = None, **data: Any
) -> WorkspaceEvent:
    """Add an event to the place's log, locking its row (last of all locks). Rung after commit."""
    place = Workspace.lock()
    place.seq += 1
    place.save(update_fields=["seq"])
    event = WorkspaceEvent.objects.create(
        seq=place.seq, type=type, at=timezone.now(), user=user, room=room, data=data
    )
    transaction.on_commit(lambda: publisher.ring(WORKSPACE_LOG, [workspace_entry(event)]))
    return event


def announce(events: list[Event]) -> None:
    """Ring the doorbell of each room once with its new events, and the place's with a bump."""
    for room_id, news in _by_room(events):
        publisher.ring(room_id, [entry_of(event) for event in news])
        publisher.bump(room_id, news[-1].seq, news[-1].room.messages)


def announce_created(messages: Sequence[Message]) -> None:
    """Ring for new messages as `announce` does for events, which need not be read for it."""
    for room_id, news in _by_room(messages):
        publisher.ring(room_id, [created_entry(message) for message in news])
        publisher.bump(room_id, news[-1].seq, news[-1].number)


def _by_room(news: Iterable[News]) -> Iterable[tuple[int, list[News]]]:
    by_room: dict[int, list[News]] = defaultdict(list)
    for each in news:
        by_room[each.room_id].append(each)
    return by_room.items()


def created_entry(message: Message) -> Entry:
    """Return what `entry_of` returns of a new message's event."""
    frame = _head("message.created", message.room_id, message.seq, message.created_at)
    told = message_frame(message)
    frame |= {"actor": told["sender"], "message": told}
    return Entry(message.seq, "message.created", message.pk, None, encode(frame).decode())


def _head(type: str, room_id: int, seq: int, at: datetime) -> dict[str, Any]:
    return {"type": type, "room": room_id, "seq": seq, "at": time_frame(at)}


def entry_of(event: Event) -> Entry:
    """Return the entry of `event` with everything that it refers to as it is now."""
    frame = _head(event.type, event.room_id, event.seq, event.at)
    frame["actor"] = person_frame(event.actor)
    if event.type.startswith("message."):
        frame["message"] = message_frame(event.message) if event.message else None
    if event.user is not None:
        frame["user"] = person_frame(event.user)
    if event.type in ROOM_TYPES:
        frame["room_info"] = room_frame(event.room)
    frame |= event.data
    return Entry(event.seq, event.type, event.message_id, event.user_id, encode(frame).decode())


def workspace_entry(event: WorkspaceEvent) -> Entry:
    facts = event.data | {"room": event.room_id}
    if event.user is not None:
        facts["name"] = str(event.user)
    if event.type in ROOM_TYPES and event.room is not None:
        facts["room_info"] = room_frame(event.room)
    return Entry(event.seq, event.type, None, event.user_id, encode(facts).decode())


class Moment(msgspec.Struct):
    at: datetime


_decode_moment = msgspec.json.Decoder(Moment).decode


def moment_of(entry: Entry) -> float:
    """Return when a room's entry was made, in seconds since 1970: just before its commit."""
    return _decode_moment(entry.text).at.timestamp()


def read_log(log: int, after: int, limit: int) -> list[Entry]:
    """Return the next entries of a log (a room's id or WORKSPACE_LOG) after `after`, in seq order.

    At most `limit`, and only up to a hole: the log is cut from the front only, so what does not
    follow `after` directly means that it was pruned there, and nothing is returned.
    """
    if log == WORKSPACE_LOG:
        events = (
            WorkspaceEvent.objects.select_related("user", "room")
            .filter(seq__gt=after)
            .order_by("seq")
        )
        entries = [workspace_entry(event) for event in events.order_by("seq")[:limit]]
    else:
        rows = Event.objects.after(log, after).with_all()[:limit]
        entries = [entry_of(event) for event in rows]
    expected = range(after + 1, after + 1 + len(entries))
    return [entry for entry, seq in zip(entries, expected, strict=True) if entry.seq == seq]

"""Checks that an action records its changes: state before + recorded events = state after."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hubbub.chat.log_entries import read_log
from hubbub.chat.models import Membership, Message, Room
from hubbub.chat.serializers import serialize_message, serialize_time


@dataclass
class State:
    """A room as known to a client that has applied all events of its log."""

    name: str = ""
    topic: str = ""
    archived_at: str | None = None
    seq: int = 0
    members: dict[int, str] = field(default_factory=dict)
    messages: dict[int, Any] = field(default_factory=dict)

    def apply(self, event: dict[str, Any]) -> None:
        assert event["seq"] == self.seq + 1, "a gap in the log"
        self.seq = event["seq"]
        match event["type"]:
            case "message.created" | "message.edited" | "message.deleted":
                self.messages[event["message"]["id"]] = event["message"]
            case "member.joined" | "member.role_changed":
                self.members[event["user"]["id"]] = event["role"]
            case "member.left":
                del self.members[event["user"]["id"]]
            case "room.renamed" | "room.topic_changed" | "room.archived" | "room.restored":
                info = event["room_info"]
                self.name, self.topic = info["name"], info["topic"]
                self.archived_at = info["archived_at"]
            case other:
                raise AssertionError(f"unknown event type {other}")


def read_state(room_id: int) -> State:
    """Return the room as it is in the database."""
    room = Room.objects.get(pk=room_id)
    members = Membership.objects.filter(room=room)
    messages = Message.objects.filter(room=room).with_users()
    assert room.members == len(members)
    assert sorted(row.number for row in messages) == list(range(1, room.messages + 1))
    return State(
        room.name,
        room.topic,
        serialize_time(room.archived_at),
        room.seq,
        {row.user_id: row.role for row in members},
        {row.pk: serialize_message(row) for row in messages},
    )


def read_events(room_id: int, after: int = 0) -> list[dict[str, Any]]:
    """Return the events after `after`, as a replica reads them for a client that resumes."""
    events = [json.loads(entry.text) for entry in read_log(room_id, after, 10_000)]
    last = Room.objects.values_list("seq", flat=True).get(pk=room_id)
    assert [event["seq"] for event in events] == list(range(after + 1, last + 1))
    return events


@contextmanager
def records(room_id: int, *types: str) -> Iterator[None]:
    """Assert that the `with` block records these types of events.

    The events must describe all changes to the room.
    """
    state = read_state(room_id)
    yield
    events = read_events(room_id, state.seq)
    assert tuple(event["type"] for event in events) == types
    for event in events:
        state.apply(event)
    assert state == read_state(room_id)

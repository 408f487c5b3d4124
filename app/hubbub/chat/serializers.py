"""The protocol's shapes of a user, a message and a room, as plain dicts made from rows.

WebSocket frames and REST responses are both built from these, so the two never differ.
"""

from datetime import UTC, datetime
from typing import Any

from hubbub.accounts.models import User
from hubbub.chat.models import Membership, Message, Room


def serialize_time(at: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, with milliseconds, which is as precise as browsers are."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def serialize_user(user: User) -> dict[str, Any]:
    return {"id": user.pk, "name": str(user)}


def serialize_message(message: Message) -> dict[str, Any]:
    """Return the protocol's `message`. Load the row using `with_users()` to save queries."""
    reply = message.reply_to
    return {
        "id": message.pk,
        "room": message.room_id,
        "seq": message.seq,
        "number": message.number,
        "rev": message.rev,
        "sender": serialize_user(message.sender),
        "nonce": message.nonce,
        "body": message.body,
        "html": message.html,
        "created_at": serialize_time(message.created_at),
        "edited_at": serialize_time(message.edited_at),
        "deleted_at": serialize_time(message.deleted_at),
        "reply_to": None
        if reply is None
        else {"id": reply.pk, "seq": reply.seq, "sender": serialize_user(reply.sender)},
    }


def serialize_room(room: Room, membership: Membership | None = None) -> dict[str, Any]:
    """Return the protocol's `room_info`, with `role` and `read` if a membership is given.

    A direct message has no name: `chat.queries` adds the other user as `with`.
    """
    data: dict[str, Any] = {
        "id": room.pk,
        "kind": room.kind,
        "name": room.name,
        "topic": room.topic,
        "archived_at": serialize_time(room.archived_at),
        "seq": room.seq,
        "messages": room.messages,
        "members": room.members,
        "lobby": room.is_lobby,
    }
    if membership is not None:
        data |= {"role": membership.role, "read": membership.read}
    return data

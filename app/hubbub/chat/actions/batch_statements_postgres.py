"""The statements of a batch on PostgreSQL: two round trips and a commit for any number of drafts.

This is plain SQL because other replicas are waiting for the same rooms, and every millisecond
counts; docs/decisions/0014 has the figures. One string holds several statements, which psycopg
allows only when it inserts the values itself (Django's default). Each statement sees what was
committed before it started, so what is read after locking is at least as new as the locks.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from django.db import DEFAULT_DB_ALIAS, connection, models

from hubbub.accounts.models import User
from hubbub.chat.actions.batch_statements import LockedRows, LockWait, MembershipKey, MessageKey
from hubbub.chat.models import Membership, Message, Room
from hubbub.model_columns import columns

AnyModel = TypeVar("AnyModel", bound=models.Model)


# The columns that policies and serializers use. A column that is missing here would cost a query
# per draft.
_ROOM = columns(Room, "id", "kind", "seq", "messages", "archived_at")
_MEMBERSHIP = columns(Membership, "id", "room_id", "user_id", "role")
_USER = columns(User, "id", "username", "name", "is_active", "banned_at")


def _columns(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


# This makes one index lookup per draft. Two lists with IN would look up every combination. For a
# join, the planner could scan the whole table while it is small or has no statistics.
_READ = f"""
    SET LOCAL lock_timeout = %s;

    SELECT {_columns("room", _ROOM)}
      FROM chat_room AS room WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE{{skip}};

    SELECT member.*
      FROM unnest(%s::bigint[], %s::bigint[]) AS key (room_id, user_id),
           LATERAL (
               SELECT {_columns("membership", _MEMBERSHIP)}, {_columns("member_user", _USER)}
                 FROM chat_membership AS membership
                 JOIN accounts_user AS member_user ON member_user.id = membership.user_id
                WHERE membership.room_id = key.room_id AND membership.user_id = key.user_id
                LIMIT 1
           ) AS member;

    SELECT key.sender_id, key.nonce, existing.id
      FROM unnest(%s::bigint[], %s::text[]) AS key (sender_id, nonce),
           LATERAL (
               SELECT id FROM chat_message AS message
                WHERE message.sender_id = key.sender_id AND message.nonce = key.nonce
                LIMIT 1
           ) AS existing
"""  # noqa: S608 (only column names are formatted in)
_READ_WAITING = _READ.format(skip="")
_READ_SKIPPING = _READ.format(skip=" SKIP LOCKED")

_SAVE = """
    WITH draft AS (
        SELECT * FROM json_to_recordset(%s) AS draft (
            room_id bigint, seq bigint, number bigint, sender_id bigint, nonce text,
            body text, html text, reply_to_id bigint, created_at timestamptz
        )
    ), message AS (
        INSERT INTO chat_message (room_id, seq, rev, number, sender_id, nonce,
                                  body, html, reply_to_id, created_at)
        SELECT room_id, seq, seq, number, sender_id, nonce, body, html, reply_to_id, created_at
          FROM draft
        RETURNING id, room_id, seq, sender_id, created_at
    ), event AS (
        INSERT INTO chat_event (room_id, seq, type, at, actor_id, message_id, data)
        SELECT room_id, seq, 'message.created', created_at, sender_id, id, '{}' FROM message
    ), room AS (
        UPDATE chat_room SET seq = last.seq, messages = last.number
          FROM (SELECT room_id, max(seq) AS seq, max(number) AS number
                  FROM draft GROUP BY room_id) AS last
         WHERE id = ANY(%s::bigint[]) AND id = last.room_id  -- the index, not the table
    )
    SELECT room_id, seq, id FROM message
"""


def lock_and_read(
    memberships: Collection[MembershipKey], messages: Collection[MessageKey], wait: LockWait
) -> LockedRows:
    room_ids = _array(key.room_id for key in memberships)
    user_ids = _array(key.user_id for key in memberships)
    senders, nonces = _array(key.sender_id for key in messages), [key.nonce for key in messages]
    with connection.cursor() as cursor:
        cursor.execute(
            _READ_SKIPPING if wait is LockWait.SKIP_LOCKED else _READ_WAITING,
            [wait.milliseconds, room_ids, room_ids, user_ids, senders, nonces],
        )
        cursor.nextset()
        rooms = [_row(Room, _ROOM, values) for values in cursor.fetchall()]
        cursor.nextset()
        members = [_membership(values) for values in cursor.fetchall()]
        cursor.nextset()
        existing = {MessageKey(sender, nonce): id for sender, nonce, id in cursor.fetchall()}
    return LockedRows(
        {room.pk: room for room in rooms},
        {MembershipKey(member.room_id, member.user_id): member for member in members},
        existing,
    )


def save(messages: Sequence[Message]) -> None:
    by_position = {(message.room_id, message.seq): message for message in messages}
    drafts = msgspec.json.encode([_draft(message) for message in messages]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [drafts, _array({message.room_id for message in messages})])
        for room_id, seq, id in cursor.fetchall():
            message = by_position[room_id, seq]
            message.pk = id
            message._state.adding, message._state.db = False, DEFAULT_DB_ALIAS


def _array(ids: Iterable[int]) -> str:
    """Return ids as a PostgreSQL array. In a list, psycopg would check each item's type."""
    return "{" + ",".join(map(str, ids)) + "}"


def _draft(message: Message) -> dict[str, Any]:
    return {
        "room_id": message.room_id,
        "seq": message.seq,
        "number": message.number,
        "sender_id": message.sender_id,
        "nonce": message.nonce,
        "body": message.body,
        "html": message.html,
        "reply_to_id": message.reply_to_id,
        "created_at": message.created_at,
    }


def _membership(values: tuple[Any, ...]) -> Membership:
    membership_values, user_values = values[: len(_MEMBERSHIP)], values[len(_MEMBERSHIP) :]
    membership = _row(Membership, _MEMBERSHIP, membership_values)
    membership.user = _row(User, _USER, user_values)
    return membership


def _row(model: type[AnyModel], names: Sequence[str], values: Sequence[Any]) -> AnyModel:
    return model.from_db(DEFAULT_DB_ALIAS, names, values)

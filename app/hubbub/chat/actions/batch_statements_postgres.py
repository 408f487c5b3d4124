"""A batch's statements on PostgreSQL: two round trips and the commit, however many drafts it has.

Plain SQL, since every millisecond here is one in which another replica waits for the same rooms;
docs/decisions/0014 has the figures. Several statements go in one string, which psycopg allows where
it puts the values in itself (Django's default); each sees what was committed before it began, so
what is read after the locks is not older than they are.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from django.db import DEFAULT_DB_ALIAS, connection, models

from hubbub.accounts.models import User
from hubbub.chat.actions.batch_statements import Key, Locking, Rows, Seat
from hubbub.chat.models import Membership, Message, Room
from hubbub.model_columns import columns

AnyModel = TypeVar("AnyModel", bound=models.Model)


# What policies and frames look at. They may look at more: at the price of a query for each draft.
_ROOM = columns(Room, "id", "kind", "seq", "messages", "archived_at")
_MEMBERSHIP = columns(Membership, "id", "room_id", "user_id", "role")
_USER = columns(User, "id", "username", "name", "is_active", "banned_at")


def _columns(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


# The index is asked once for each draft: two lists with IN would be asked for every combination,
# and for a join the planner may read a whole table while it is small or has no statistics.
_READ = f"""
    SET LOCAL lock_timeout = %s;

    SELECT {_columns("room", _ROOM)}
      FROM chat_room AS room WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE{{skip}};

    SELECT member.*
      FROM unnest(%s::bigint[], %s::bigint[]) AS seat (room_id, user_id),
           LATERAL (
               SELECT {_columns("membership", _MEMBERSHIP)}, {_columns("person", _USER)}
                 FROM chat_membership AS membership
                 JOIN accounts_user AS person ON person.id = membership.user_id
                WHERE membership.room_id = seat.room_id AND membership.user_id = seat.user_id
                LIMIT 1
           ) AS member;

    SELECT key.sender_id, key.nonce, known.id
      FROM unnest(%s::bigint[], %s::text[]) AS key (sender_id, nonce),
           LATERAL (
               SELECT id FROM chat_message AS message
                WHERE message.sender_id = key.sender_id AND message.nonce = key.nonce
                LIMIT 1
           ) AS known
"""  # noqa: S608 (names of columns)
_WAIT = _READ.format(skip="")
_SKIP = _READ.format(skip=" SKIP LOCKED")

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


def lock_and_read(seats: Collection[Seat], keys: Collection[Key], locking: Locking) -> Rows:
    room_ids, user_ids = (
        _array(seat.room_id for seat in seats),
        _array(seat.user_id for seat in seats),
    )
    senders, nonces = _array(key.sender_id for key in keys), [key.nonce for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(
            _SKIP if locking is Locking.FREE else _WAIT,
            [locking.milliseconds, room_ids, room_ids, user_ids, senders, nonces],
        )
        cursor.nextset()
        rooms = [_row(Room, _ROOM, values) for values in cursor.fetchall()]
        cursor.nextset()
        members = [_membership(values) for values in cursor.fetchall()]
        cursor.nextset()
        known = {Key(sender, nonce): id for sender, nonce, id in cursor.fetchall()}
    return Rows(
        {room.pk: room for room in rooms},
        {Seat(member.room_id, member.user_id): member for member in members},
        known,
    )


def save(messages: Sequence[Message]) -> None:
    by_place = {(message.room_id, message.seq): message for message in messages}
    drafts = msgspec.json.encode([_draft(message) for message in messages]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [drafts, _array({message.room_id for message in messages})])
        for room_id, seq, id in cursor.fetchall():
            message = by_place[room_id, seq]
            message.pk = id
            message._state.adding, message._state.db = False, DEFAULT_DB_ALIAS


def _array(ids: Iterable[int]) -> str:
    """Return ids as PostgreSQL reads an array: psycopg looks at each of a list to find its type."""
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
    own, of_user = values[: len(_MEMBERSHIP)], values[len(_MEMBERSHIP) :]
    membership = _row(Membership, _MEMBERSHIP, own)
    membership.user = _row(User, _USER, of_user)
    return membership


def _row(model: type[AnyModel], names: Sequence[str], values: Sequence[Any]) -> AnyModel:
    return model.from_db(DEFAULT_DB_ALIAS, names, values)

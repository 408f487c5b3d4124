"""Reads what users may do in rooms, for all concurrent subscribes together.

The membership and the room's last seq must be read in one statement. With two statements, a user
who is removed between them would count as a member at a seq that already includes their removal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast

from django.db import connection

from hubbub.chat.models import Room
from hubbub.realtime.db.query_batcher import QueryBatcher

MAX_BATCH = 100

Query: TypeAlias = tuple[int, tuple[int, ...]]  # a user id and room ids
Row: TypeAlias = tuple[int, int, int, str, datetime | None, str | None]

# The query compares pairs: `user IN … AND room IN …` would return every user's access to every
# room.
SELECT = """
    WITH pair (user_id, room_id) AS (VALUES {pairs})
    SELECT pair.user_id, room.id, room.seq, room.kind, room.archived_at, membership.role
      FROM pair
      JOIN chat_room AS room ON room.id = pair.room_id
      LEFT JOIN chat_membership AS membership
             ON membership.room_id = room.id AND membership.user_id = pair.user_id
"""


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """One user's access to one room at the time of the room's seq."""

    seq: int
    is_member: bool
    is_public: bool
    is_archived: bool

    @property
    def may_subscribe(self) -> bool:
        return self.is_member and not self.is_archived


def read_room_access(user_id: int, room_ids: Sequence[int]) -> dict[int, RoomAccess]:
    """Return a user's access by room id, in one statement. Unknown rooms are left out."""
    query = (user_id, tuple(room_ids))
    return read_many([query])[query]


def read_many(queries: Sequence[Query]) -> dict[Query, dict[int, RoomAccess]]:
    """Return the result of `read_room_access` for each query, all in one statement."""
    pairs = {(user_id, room_id) for user_id, room_ids in queries for room_id in room_ids}
    accesses = {
        (user_id, room_id): RoomAccess(
            seq, role is not None, kind == Room.Kind.PUBLIC, archived_at is not None
        )
        for user_id, room_id, seq, kind, archived_at, role in _read_pairs(pairs)
    }
    return {
        (user_id, room_ids): {
            room_id: accesses[user_id, room_id]
            for room_id in room_ids
            if (user_id, room_id) in accesses
        }
        for user_id, room_ids in queries
    }


def _read_pairs(pairs: set[tuple[int, int]]) -> list[Row]:
    if not pairs:
        return []
    select = SELECT.format(pairs=", ".join(["(%s, %s)"] * len(pairs)))
    with connection.cursor() as cursor:
        cursor.execute(select, [id for pair in pairs for id in pair])
        return cast(list[Row], cursor.fetchall())


room_access: QueryBatcher[Query, dict[int, RoomAccess]] = QueryBatcher(read_many, MAX_BATCH)

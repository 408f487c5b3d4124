"""What people may do in rooms when they subscribe them: read for all who ask at the same time.

One statement reads the memberships and the rooms' last seqs: read apart, somebody put out in
between would be a member at a seq that has their leaving behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast

from django.db import connection

from hubbub.chat.models import Room
from hubbub.realtime.db.query_batcher import QueryBatcher

MAX_BATCH = 100

# A person and the rooms asked for.
Question: TypeAlias = tuple[int, tuple[int, ...]]
Row: TypeAlias = tuple[int, int, int, str, datetime | None, str | None]

# For pairs: `user IN … AND room IN …` would bring every asker's part in every room asked for.
SELECT = """
    WITH asked (user_id, room_id) AS (VALUES {pairs})
    SELECT asked.user_id, room.id, room.seq, room.kind, room.archived_at, membership.role
      FROM asked
      JOIN chat_room AS room ON room.id = asked.room_id
      LEFT JOIN chat_membership AS membership
             ON membership.room_id = room.id AND membership.user_id = asked.user_id
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A room and somebody's part in it, as one statement read them."""

    seq: int
    is_member: bool
    is_public: bool
    is_archived: bool


def read_standings(user_id: int, room_ids: Sequence[int]) -> dict[int, Standing]:
    """Return the standing of a person in rooms, in one statement; unknown rooms are left out."""
    question = (user_id, tuple(room_ids))
    return read_all_standings([question])[question]


def read_all_standings(questions: Sequence[Question]) -> dict[Question, dict[int, Standing]]:
    """Return for each question what `read_standings` would, all in one statement."""
    pairs = {(user_id, room_id) for user_id, room_ids in questions for room_id in room_ids}
    found = {
        (user_id, room_id): Standing(
            seq, role is not None, kind == Room.Kind.PUBLIC, archived_at is not None
        )
        for user_id, room_id, seq, kind, archived_at, role in _read_pairs(pairs)
    }
    return {
        (user_id, room_ids): {
            room_id: found[user_id, room_id] for room_id in room_ids if (user_id, room_id) in found
        }
        for user_id, room_ids in questions
    }


def _read_pairs(pairs: set[tuple[int, int]]) -> list[Row]:
    if not pairs:
        return []
    select = SELECT.format(pairs=", ".join(["(%s, %s)"] * len(pairs)))
    with connection.cursor() as cursor:
        cursor.execute(select, [id for pair in pairs for id in pair])
        return cast(list[Row], cursor.fetchall())


standings: QueryBatcher[Question, dict[int, Standing]] = QueryBatcher(read_all_standings, MAX_BATCH)

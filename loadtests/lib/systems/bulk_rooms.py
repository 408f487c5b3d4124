"""Creates rooms and messages in bulk, with SQL.

The SQL writes the same rows as the actions would, but the actions would take far too long. No
client may be connected in the meantime.
"""

import secrets
from collections.abc import Iterable, Sequence

import psycopg

from loadtests.lib.servers import Cluster

ADD_ROOMS = """
    INSERT INTO chat_room (kind, name, name_key, topic, is_lobby, seq, messages, members,
                           created_at)
    SELECT 'public', name, name, '', false, 0, 0, %s, now() FROM unnest(%s::text[]) AS name
    RETURNING id
"""
ADD_MESSAGES = """
    WITH added AS (
        INSERT INTO chat_message (room_id, seq, rev, number, sender_id, nonce, body, created_at)
        SELECT room.id, room.seq + n, room.seq + n, room.messages + n, %(sender)s,
               'bulk-' || room.id || '-' || room.seq + n, body, now() + n * interval '1 ms'
        FROM chat_room AS room, unnest(%(bodies)s::text[]) WITH ORDINALITY AS body (body, n)
        WHERE room.id = %(room)s
        RETURNING id, room_id, seq, sender_id, created_at
    )
    INSERT INTO chat_event (room_id, seq, type, at, actor_id, message_id, data)
    SELECT room_id, seq, 'message.created', created_at, sender_id, id, '{}'::jsonb FROM added
"""
ADD_COUNTS = """
    UPDATE chat_room SET seq = seq + %(count)s, messages = messages + %(count)s WHERE id = %(room)s
    RETURNING seq
"""


def make_rooms(cluster: Cluster, count: int, members_each: int) -> list[str]:
    """Return the ids of new rooms. Users join them in order, `members_each` in each room."""
    users = user_ids(cluster)
    name = f"bench {secrets.token_hex(3)}"
    with _connection(cluster) as connection:
        rows = connection.execute(
            ADD_ROOMS, (members_each, [f"{name} {number}" for number in range(count)])
        )
        rooms = sorted(room for (room,) in rows)
        for number, room in enumerate(rooms):
            _join(connection, room, users[number * members_each :][:members_each])
    return [str(room) for room in rooms]


def user_ids(cluster: Cluster) -> list[int]:
    """Return the ids of person-0001, person-0002 and so on, in that order."""
    with _connection(cluster) as connection:
        rows = connection.execute(
            "SELECT id FROM accounts_user WHERE username LIKE 'person-%' ORDER BY id"
        )
        return [user for (user,) in rows]


def lobby_of(cluster: Cluster) -> str:
    with _connection(cluster) as connection:
        [(lobby,)] = connection.execute("SELECT id FROM chat_room WHERE is_lobby")
        return str(lobby)


def add_messages(cluster: Cluster, room: str, sender: int, bodies: Sequence[str]) -> int:
    """Append messages to a room. Return the room's last seq."""
    values = {"room": int(room), "sender": sender, "bodies": list(bodies), "count": len(bodies)}
    with _connection(cluster) as connection:
        connection.execute(ADD_MESSAGES, values)
        [(seq,)] = connection.execute(ADD_COUNTS, values)
        return seq


def last_seqs(cluster: Cluster, rooms: Iterable[str]) -> dict[str, int]:
    """Return each room's last seq."""
    with _connection(cluster) as connection:
        rows = connection.execute(
            "SELECT id, seq FROM chat_room WHERE id = ANY(%s)", ([int(room) for room in rooms],)
        )
        return {str(room): seq for room, seq in rows}


def _connection(cluster: Cluster) -> "psycopg.Connection[tuple[int, ...]]":
    assert cluster.postgres is not None
    return psycopg.connect(cluster.postgres.url(cluster.name))


def _join(
    connection: "psycopg.Connection[tuple[int, ...]]", room: int, members: Sequence[int]
) -> None:
    connection.execute(
        """
        INSERT INTO chat_membership (room_id, user_id, role, read, joined_at)
        SELECT %s, id, 'member', 0, now() FROM unnest(%s::bigint[]) AS id
        """,
        (room, list(members)),
    )

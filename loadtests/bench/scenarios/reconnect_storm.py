"""All users reconnect at once to a replica that has just started. Each of them resumes three rooms.

The three rooms are the lobby, which everyone has open, a room of a hundred members, and a room of
ten members. The missed messages are written while no replica runs. A connection is live once it has
received all missed messages and a `subscribed` for each of the three rooms.
"""

from collections.abc import Sequence

from loadtests.bench.records import Record
from loadtests.bench.sizes import Sizes
from loadtests.lib.load_client import ClientPlan, ConnectionPlan, running
from loadtests.lib.servers import Postgres
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.bulk_rooms import (
    add_messages,
    last_seqs,
    lobby_of,
    make_rooms,
    user_ids,
)
from loadtests.lib.systems.hubbub import Hubbub, start
from loadtests.lib.systems.usage_window import UsageWindow

LARGE, SMALL = 100, 10
# After this time without a `welcome`, a client reconnects (docs/protocol.md).
HANDSHAKE_SECONDS = 5.0
# Counts statements that read or write rows, but not those that manage connections and transactions.
QUERIES = """
    SELECT query, calls FROM pg_stat_statements AS statement
    JOIN pg_database AS database ON database.oid = statement.dbid
    WHERE database.datname = %s AND query ~* '^\\s*(select|insert|update|delete|with)'
"""


def measure(backends: Backends, sizes: Sizes) -> list[Record]:
    rooms = _rooms_of_each(backends, sizes)
    known = last_seqs(backends.cluster, {room for three in rooms for room in three})
    missed = _write_missed(backends, sizes, sorted(known, key=int))
    with start(backends, 1) as hubbub:
        connections = [
            hubbub.resuming_connection(
                number, hubbub.addresses[0], {room: known[room] for room in three}
            )
            for number, three in enumerate(rooms)
        ]
        return [_storm(backends, hubbub, connections, missed, sizes)]


def _rooms_of_each(backends: Backends, sizes: Sizes) -> list[list[str]]:
    cluster, users = backends.cluster, sizes.reconnecting
    lobby = lobby_of(cluster)
    large, small = (make_rooms(cluster, users // each, each) for each in (LARGE, SMALL))
    return [[lobby, large[number // LARGE], small[number // SMALL]] for number in range(users)]


def _write_missed(backends: Backends, sizes: Sizes, rooms: Sequence[str]) -> list[str]:
    """Write the missed messages into each room.

    Return the room of each message, in the order of the messages' numbers.
    """
    sender = user_ids(backends.cluster)[0]
    missed: list[str] = []
    for room in rooms:
        numbers = range(len(missed), len(missed) + sizes.missed)
        add_messages(backends.cluster, room, sender, [f"bench {number} ." for number in numbers])
        missed += [room] * sizes.missed
    return missed


def _storm(
    backends: Backends,
    hubbub: Hubbub,
    connections: Sequence[ConnectionPlan],
    missed: Sequence[str],
    sizes: Sizes,
) -> Record:
    plan = ClientPlan(
        hubbub.dialect,
        connections,
        missed_rooms=missed,
        missed_per_connection=3 * sizes.missed,
        max_connecting=512,
        max_opening=len(connections),
        retry=True,
        handshake_seconds=HANDSHAKE_SECONDS,
    )
    reset_query_counts(backends.postgres)
    window = UsageWindow(hubbub)
    window()
    with running(plan) as client:
        window()
        counts = query_counts(backends.postgres, backends.cluster.name)
    return {
        "load": "reconnect storm",
        "system": hubbub.name,
        "connections": len(connections),
        "missed_messages": len(missed),
        "cpu": window.cpu,
        "loop_stall_ms": window.loop_stall_ms,
        "opened": client.opened,
        "statements": counts,
    }


def reset_query_counts(postgres: Postgres) -> None:
    postgres.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    postgres.execute("SELECT pg_stat_statements_reset()")


def query_counts(postgres: Postgres, database: str) -> dict[str, int]:
    """Return how many queries ran since the last reset of the statistics.

    `log_reads` is the number of those queries that read events.
    """
    rows = postgres.execute(QUERIES, database)
    return {
        "queries": sum(calls for _, calls in rows),
        "log_reads": sum(calls for query, calls in rows if 'FROM "chat_event"' in query),
    }

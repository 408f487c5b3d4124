"""The doctor counts for a replica what its code opens: `doctor` may not import `realtime`."""

from hubbub.doctor.checks.connections import REPLICA_CONNECTIONS
from hubbub.realtime import database, writer

WRITER, PAGES = 1, 1


def test_a_replicas_connections_are_counted_as_its_threads_are() -> None:
    threads = database.CHANGING_THREADS + database.FOLLOWING_THREADS + WRITER + writer.LANES
    assert threads + PAGES == REPLICA_CONNECTIONS

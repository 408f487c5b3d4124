"""The threads that ask the database for a replica: what becomes of their connections."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from hubbub.realtime.db.executors import close_connections, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.deployment]


@pytest.mark.parametrize(("max_age", "connections"), [(600, 1), (0, 3)])
def test_a_connection_is_kept_until_it_is_old(
    monkeypatch: pytest.MonkeyPatch, max_age: int, connections: int
) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", max_age)

    async def scenario() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            found = [await run(executor, backend) for _ in range(3)]
            await close_connections(executor, 1)
        return found

    assert len(set(asyncio.run(scenario()))) == connections


def backend() -> int:
    """Return the process of Postgres behind this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])

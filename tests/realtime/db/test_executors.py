"""The thread pools for database work keep their connections, but not forever."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from hubbub.realtime.db.executors import close_connections, run_in_thread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.deployment]


@pytest.mark.parametrize(("max_age", "connections"), [(600, 1), (0, 3)])
def test_a_connection_is_kept_until_it_is_too_old(
    monkeypatch: pytest.MonkeyPatch, max_age: int, connections: int
) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", max_age)

    async def scenario() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            pids = [await run_in_thread(executor, backend_pid) for _ in range(3)]
            await close_connections(executor, 1)
        return pids

    assert len(set(asyncio.run(scenario()))) == connections


def backend_pid() -> int:
    """Return the id of the Postgres process behind this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])

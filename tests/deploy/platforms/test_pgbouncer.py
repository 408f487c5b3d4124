"""Hubbub through PgBouncer in transaction mode works with fewer connections than threads.

Two replicas, gunicorn and `migrate` share five Postgres connections, each for one transaction at a
time.
"""

import asyncio
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from loadtests.lib.servers import Cluster, Postgres
from loadtests.lib.servers.pgbouncer import PgBouncer
from loadtests.lib.servers.process import ROOT
from loadtests.lib.servers.web import Web
from tests.cluster.stage import ENVIRONMENT, Stage, opened, sending

CONNECTIONS = 5
USER_COUNT = 20


@pytest.fixture(scope="module")
def bouncer() -> Iterator[tuple[Postgres, PgBouncer]]:
    with Postgres() as postgres, PgBouncer(postgres, connections=CONNECTIONS) as bouncer:
        yield postgres, bouncer


@pytest.fixture(scope="module")
def stage(
    bouncer: tuple[Postgres, PgBouncer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A cluster whose processes all connect to Postgres through PgBouncer."""
    postgres, pgbouncer = bouncer
    cluster = Cluster(replicas=0, postgres=postgres, environment=ENVIRONMENT)
    cluster.environment["DATABASE_URL"] = pgbouncer.url(cluster.name)
    with cluster:
        for _ in range(2):
            cluster.add_replica()
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"), USER_COUNT)


async def test_concurrent_messages_arrive_everywhere_once_and_in_order(stage: Stage) -> None:
    users = stage.users(USER_COUNT)
    room = stage.room(users)
    clients = [stage.client(person, number % 2) for number, person in enumerate(users)]
    async with opened(clients, room):
        async with asyncio.timeout(60), sending(clients, [room], pause_seconds=0.05):
            for client in clients:
                await client.wait_until(
                    lambda: len(client.subscription(room).view.messages()) > 5 * USER_COUNT
                )
        await stage.settle(room, clients, within=30)
        await stage.assert_consistent(clients)
    assert connections(stage) <= CONNECTIONS


def test_gunicorn_serves_pages_and_rest(stage: Stage) -> None:
    [person] = stage.users(1)
    with Web(stage.cluster.environment) as web:
        for path in ("/accounts/login/", "/", "/api/rooms"):
            request = urllib.request.Request(
                f"http://127.0.0.1:{web.port}{path}", headers=person.headers
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.status == 200


def test_concurrent_migrations_take_turns(
    bouncer: tuple[Postgres, PgBouncer], stage: Stage
) -> None:
    postgres, pgbouncer = bouncer
    postgres.create_database("empty")
    environment = stage.cluster.environment | {"DATABASE_URL": pgbouncer.url("empty")}
    processes = [
        subprocess.Popen(
            [sys.executable, str(ROOT / "app/manage.py"), "migrate"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    texts = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], texts
    assert sorted("No migrations to apply." in text for text in texts) == [False, True]


def test_iterating_a_queryset_needs_no_cursor_outside_a_transaction(
    stage: Stage,
) -> None:
    """Django uses a server-side cursor for a form's choices, unless its settings forbid it."""
    printed = stage.shell(
        "from hubbub.chat.models import Event\n"
        "from django.db import connection\n"
        "rows = Event.objects.iterator(chunk_size=1)\n"
        "first = next(rows)\n"
        "other = connection.copy()\n"
        "other.set_autocommit(False)\n"
        "other.cursor().execute('SELECT 1')  # takes the connection that the first row came from\n"
        "print(len([first, *rows]) == Event.objects.count() > 1)\n"
    )
    assert printed.strip() == "True"


def connections(stage: Stage) -> int:
    assert stage.cluster.postgres is not None
    [[number]] = stage.cluster.postgres.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", stage.cluster.name
    )
    return int(number)

"""Hubbub through PgBouncer in transaction mode: all works with fewer connections than threads.

Two replicas, gunicorn and `migrate` share five connections of Postgres, and no connection is one's
own for longer than a transaction.
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
from tests.cluster.stage import ENVIRONMENT, Stage, opened, talking

CONNECTIONS = 5
CROWD = 20


@pytest.fixture(scope="module")
def bouncer() -> Iterator[tuple[Postgres, PgBouncer]]:
    with Postgres() as postgres, PgBouncer(postgres, connections=CONNECTIONS) as bouncer:
        yield postgres, bouncer


@pytest.fixture(scope="module")
def bounced(
    bouncer: tuple[Postgres, PgBouncer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A place all of whose processes know Postgres by PgBouncer's address only."""
    postgres, pgbouncer = bouncer
    cluster = Cluster(replicas=0, postgres=postgres, environment=ENVIRONMENT)
    cluster.environment["DATABASE_URL"] = pgbouncer.url(cluster.name)
    with cluster:
        for _ in range(2):
            cluster.add_replica()
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"), CROWD)


async def test_what_many_say_at_once_arrives_everywhere_once_and_in_order(bounced: Stage) -> None:
    people = bounced.crowd(CROWD)
    room = bounced.room(people)
    clients = [bounced.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, room):
        async with asyncio.timeout(60), talking(clients, [room], pause_seconds=0.05):
            for client in clients:
                await client.wait_until(
                    lambda: len(client.subscription(room).view.messages()) > 5 * CROWD
                )
        await bounced.settle(room, clients, within=30)
        await bounced.assert_right(clients)
    assert connections(bounced) <= CONNECTIONS


def test_pages_and_rest_are_served_by_gunicorn_through_it(bounced: Stage) -> None:
    [person] = bounced.crowd(1)
    with Web(bounced.cluster.environment) as web:
        for path in ("/accounts/login/", "/", "/api/rooms"):
            request = urllib.request.Request(
                f"http://127.0.0.1:{web.port}{path}", headers=person.headers
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.status == 200


def test_migrations_that_start_at_once_take_turns_through_it(
    bouncer: tuple[Postgres, PgBouncer], bounced: Stage
) -> None:
    postgres, pgbouncer = bouncer
    postgres.create_database("empty")
    environment = bounced.cluster.environment | {"DATABASE_URL": pgbouncer.url("empty")}
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


def test_a_long_choice_of_the_admin_needs_no_cursor_that_outlives_its_transaction(
    bounced: Stage,
) -> None:
    """Django reads the choices of a form with a cursor on the server, unless it is told not to."""
    printed = bounced.shell(
        "from hubbub.chat.models import Event\n"
        "from django.db import connection\n"
        "rows = Event.objects.iterator(chunk_size=1)\n"
        "first = next(rows)\n"
        "other = connection.copy()\n"
        "other.set_autocommit(False)\n"
        "other.cursor().execute('SELECT 1')  # and has the connection that the first row came by\n"
        "print(len([first, *rows]) == Event.objects.count() > 1)\n"
    )
    assert printed.strip() == "True"


def connections(stage: Stage) -> int:
    assert stage.cluster.postgres is not None
    [[number]] = stage.cluster.postgres.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", stage.cluster.name
    )
    return int(number)

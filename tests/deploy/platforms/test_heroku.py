"""Users chat while Heroku dynos are started and stopped as the platform does it."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from loadtests.lib.client import Client, rest
from loadtests.lib.servers.nginx import Nginx
from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.stack import wait_until
from tests.cluster.stage import ENVIRONMENT, bodies, opened, sending
from tests.deploy.platforms.heroku import KILL_SECONDS, Dyno, HerokuApp
from tests.stack.deployed_stage import DeployedStage
from tests.stack.tls_client import assert_tls_works
from tests.stack.traffic import replica_of
from tests.support.raw_socket import open_socket

USER_COUNT = 20
CONCURRENCY = 12  # twice the number of threads in the `web` of a dyno
# The connections per dyno that docs/operations.md counts, with the settings of `.profile`.
POSTGRES_CONNECTIONS, REDIS_CONNECTIONS = 15, 10
POSTGRES_CONNECTIONS_ALONE, REDIS_CONNECTIONS_ALONE = 12, 6


class HerokuStage(DeployedStage):
    """A stage whose clients connect to every running dyno, as the router does."""

    stack: HerokuApp

    @property
    def addresses(self) -> list[str]:
        return [dyno.address for dyno in self.stack.dynos if dyno.running]

    def keep_busy(self, dyno: Dyno) -> None:
        """Make all threads of `web` publish messages, and use the cache by resetting passwords."""
        [person] = self.users(1)
        room = self.room([person])

        def visit(number: int) -> None:
            stranger = {"Cookie": "hubbub=none"}
            fields = {"email": f"nobody-{dyno.port}-{number}@example.org"}
            rest.post_form(dyno.address, "/accounts/password/reset/", stranger, fields)
            message = {"body": "hello", "nonce": f"{dyno.port}-{number}"}
            rest.call(dyno.address, "POST", f"/rooms/{room}/messages", person.headers, message)

        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(visit, range(CONCURRENCY)))


@pytest.fixture(scope="module")
def app() -> Iterator[HerokuApp]:
    """A released app with two dynos."""
    with HerokuApp() as app:
        assert "Applying" in app.release()
        limits = {name: ENVIRONMENT[name] for name in ("MESSAGES_BURST", "MESSAGES_PER_SECOND")}
        for _ in range(2):
            app.add_dyno(**limits)
        yield app


@pytest.fixture(scope="module")
def stage(app: HerokuApp, tmp_path_factory: pytest.TempPathFactory) -> HerokuStage:
    return HerokuStage(app, tmp_path_factory.mktemp("sessions"))


async def test_two_users_on_two_dynos_chat(app: HerokuApp, stage: HerokuStage) -> None:
    users = stage.users(2)
    room = stage.room(users)
    clients = [stage.client(person, number) for number, person in enumerate(users)]
    async with opened(clients, room):
        assert replica_of(clients[0]) != replica_of(clients[1])
        for number in range(10):
            await clients[number % 2].send(room, f"{number}")
        await stage.settle(room, clients)
        assert [bodies(client, room) for client in clients] == 2 * [
            [f"{number}" for number in range(10)]
        ]
        await stage.assert_consistent(clients)


def test_a_dyno_opens_no_more_connections_than_documented(
    app: HerokuApp, stage: HerokuStage
) -> None:
    for dyno in app.dynos:
        stage.keep_busy(dyno)
        assert 1 < dyno.connections(app.postgres) <= POSTGRES_CONNECTIONS
        assert 2 < dyno.connections(app.redis) <= REDIS_CONNECTIONS
    with closing(psycopg.connect(app.variable("DATABASE_URL"))) as postgres:
        rows = postgres.execute(
            "SELECT ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) "
            "WHERE application_name LIKE 'hubbub-%'"
        ).fetchall()
    assert {by_tls for (by_tls,) in rows} == {True}


async def test_clients_move_to_another_dyno_after_sigterm_to_every_process(
    app: HerokuApp, stage: HerokuStage
) -> None:
    users = stage.users(USER_COUNT)
    room = stage.room(users)
    clients = [stage.client(person) for person in users]
    leaving, staying = app.dynos
    async with opened(clients, room):
        assert len({replica_of(client) for client in clients}) == 2
        async with sending(clients[:4], [room]):
            leaving.terminate_all()
            status = await asyncio.to_thread(leaving.status, KILL_SECONDS)
            for client in clients:
                await client.wait_until(
                    lambda: client.connected and replica_of(client) == name_of(staying), 20
                )
        await stage.settle(room, clients)
        await stage.assert_consistent(clients)
    assert status == 0
    assert "Traceback" not in leaving.tail(500)


async def test_the_replica_drains_after_sigterm_to_every_process(
    app: HerokuApp, stage: HerokuStage
) -> None:
    """A second SIGTERM, from the dyno's parent process, would cut the drain short."""
    [alice] = stage.users(1)
    with Dyno(app) as dyno:
        # nginx closes its connections immediately, so connect without it.
        async with open_socket(alice, dyno.replica()) as socket:
            await asyncio.to_thread(dyno.terminate_all)
            async with asyncio.timeout(KILL_SECONDS):
                await socket.wait_closed()
            assert socket.close_code == 4001
        assert await asyncio.to_thread(dyno.status, KILL_SECONDS) == 0


async def test_a_second_signal_kills_all_processes(app: HerokuApp, stage: HerokuStage) -> None:
    [alice] = stage.users(1)
    with Dyno(app, DRAIN_SECONDS="600") as dyno:
        everything = dyno.processes()
        async with open_socket(alice, dyno.replica()):
            # A stopped process receives both as soon as it continues.
            for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
                os.kill(dyno.pid, number)
            assert await asyncio.to_thread(dyno.status, 60) == 0
        wait_until(lambda: not any(process.is_running() for process in everything))


def test_a_dyno_exits_when_any_of_its_processes_does(app: HerokuApp) -> None:
    parts = ("gunicorn", "hubbub.realtime.server", "nginx")
    dynos = [Dyno(app) for _ in parts]
    try:
        for dyno in dynos:
            dyno.spawn()
        for dyno, word in zip(dynos, parts, strict=True):
            dyno.wait_until_ready()
            everything = dyno.processes()
            dyno.part(word).kill()
            assert dyno.status(KILL_SECONDS) == 1, dyno.tail()
            assert "exited (SIGKILL); stopping the dyno." in dyno.tail()
            wait_until(lambda: not any(process.is_running() for process in everything))
    finally:
        for dyno in dynos:
            dyno.close()


async def test_one_process_serves_everything_on_the_smallest_dyno(
    app: HerokuApp, stage: HerokuStage
) -> None:
    users = stage.users(2)
    room = stage.room(users)
    with Dyno(app, DYNO_ALONE="1") as dyno:
        assert len(dyno.processes()) == 1
        status, page = dyno.get("/accounts/login/")
        assert status == 200
        [style, *_] = re.findall(r'"(/static/[^"]+\.css)"', page)
        assert dyno.get(style)[0] == 200
        clients = [Client(one.username, one.identity, [dyno.address]) for one in users]
        async with opened(clients, room):
            await clients[0].send(room, "alone")
            await stage.settle(room, clients)
            await stage.assert_consistent(clients)
        stage.keep_busy(dyno)
        assert 1 < dyno.connections(app.postgres) <= POSTGRES_CONNECTIONS_ALONE
        assert 1 < dyno.connections(app.redis) <= REDIS_CONNECTIONS_ALONE
        dyno.terminate_all()
        assert dyno.status(KILL_SECONDS) == 0


def test_tls_that_ends_at_the_router_works(app: HerokuApp, tmp_path: Path) -> None:
    router = Nginx()
    dyno = Dyno(app, HEROKU_APP_DEFAULT_DOMAIN_NAME=f"localhost:{router.tls_port}")
    router.write_configuration({"SERVER": "tls"})
    router.write_upstreams([(HOST, dyno.port)], [(HOST, dyno.port)])
    with dyno, router:
        assert_tls_works(app, router.tls_port, router.folder / "tls.crt", tmp_path)
        assert dyno.get("/accounts/login/", X_Forwarded_Proto="http")[0] == 308


def test_the_last_forwarded_address_is_the_client(app: HerokuApp) -> None:
    [dyno, *_] = [one for one in app.dynos if one.running]
    dyno.get("/accounts/login/?who", X_Forwarded_For="192.0.2.6, 10.0.0.7, 192.0.2.7")
    wait_until(lambda: '"address":"192.0.2.7"' in dyno.tail())
    assert "192.0.2.6" not in dyno.tail()


def name_of(dyno: Dyno) -> str:
    return f"{socket.gethostname()}:{dyno.part('hubbub.realtime.server').pid}"

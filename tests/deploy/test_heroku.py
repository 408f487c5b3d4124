"""Dynos of Heroku at work: started as its platform does, talked through, ended as it ends them."""

import asyncio
import re
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
from tests.cluster.stage import ENVIRONMENT, bodies, opened, talking
from tests.deploy.heroku import KILL_SECONDS, Dyno, HerokuApp
from tests.stack.people import People
from tests.stack.tls_client import somebody_talks_by_tls
from tests.stack.traffic import replica_of

CROWD = 20
AT_ONCE = 12  # twice the threads of a dyno's `web`
# What docs/operations.md counts for a dyno as `.profile` has it, of Postgres and of Redis.
OF_POSTGRES, OF_REDIS = 15, 10
OF_POSTGRES_ALONE, OF_REDIS_ALONE = 12, 6


class Visitors(People):
    """People who know every dyno that runs, as the router does."""

    stack: HerokuApp

    @property
    def addresses(self) -> list[str]:
        return [dyno.address for dyno in self.stack.dynos if dyno.running]

    def keep_busy(self, dyno: Dyno) -> None:
        """Have all threads of `web` look at the cache, by forgotten passwords, and publish."""
        [person] = self.crowd(1)
        room = self.room([person])

        def visit(number: int) -> None:
            stranger = {"Cookie": "hubbub=none"}
            fields = {"email": f"nobody-{dyno.port}-{number}@example.org"}
            rest.post_form(dyno.address, "/accounts/password/reset/", stranger, fields)
            said = {"body": "hello", "nonce": f"{dyno.port}-{number}"}
            rest.call(dyno.address, "POST", f"/rooms/{room}/messages", person.headers, said)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(visit, range(AT_ONCE)))


@pytest.fixture(scope="module")
def app() -> Iterator[HerokuApp]:
    """An app that is released, with two dynos."""
    with HerokuApp() as app:
        assert "Applying" in app.release()
        limits = {name: ENVIRONMENT[name] for name in ("MESSAGES_BURST", "MESSAGES_PER_SECOND")}
        for _ in range(2):
            app.add_dyno(**limits)
        yield app


@pytest.fixture(scope="module")
def visitors(app: HerokuApp, tmp_path_factory: pytest.TempPathFactory) -> Visitors:
    return Visitors(app, tmp_path_factory.mktemp("sessions"))


async def test_two_people_on_two_dynos_talk(app: HerokuApp, visitors: Visitors) -> None:
    people = visitors.crowd(2)
    room = visitors.room(people)
    tabs = [visitors.client(person, number) for number, person in enumerate(people)]
    async with opened(tabs, room):
        assert replica_of(tabs[0]) != replica_of(tabs[1])
        for number in range(10):
            await tabs[number % 2].send(room, f"{number}")
        await visitors.settle(room, tabs)
        assert [bodies(tab, room) for tab in tabs] == 2 * [[f"{number}" for number in range(10)]]
        await visitors.assert_right(tabs)


def test_connections_are_as_few_as_its_page_says(app: HerokuApp, visitors: Visitors) -> None:
    for dyno in app.dynos:
        visitors.keep_busy(dyno)
        assert 1 < dyno.connections(app.postgres) <= OF_POSTGRES
        assert 2 < dyno.connections(app.redis) <= OF_REDIS
    with closing(psycopg.connect(app.variable("DATABASE_URL"))) as postgres:
        rows = postgres.execute(
            "SELECT ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) "
            "WHERE application_name LIKE 'hubbub-%'"
        ).fetchall()
    assert {by_tls for (by_tls,) in rows} == {True}


async def test_all_come_back_to_another_dyno_after_sigterm_to_every_process(
    app: HerokuApp, visitors: Visitors
) -> None:
    people = visitors.crowd(CROWD)
    room = visitors.room(people)
    tabs = [visitors.client(person) for person in people]
    leaving, staying = app.dynos
    async with opened(tabs, room):
        assert len({replica_of(tab) for tab in tabs}) == 2
        async with talking(tabs[:4], [room]):
            leaving.terminate_all()
            status = await asyncio.to_thread(leaving.status, KILL_SECONDS)
            for tab in tabs:
                await tab.wait_until(
                    lambda: tab.connected and replica_of(tab) == name_of(staying), 20
                )
        await visitors.settle(room, tabs)
        await visitors.assert_right(tabs)
    assert status == 0
    assert "Traceback" not in leaving.tail(500)


def test_a_dyno_ends_with_each_of_its_parts(app: HerokuApp) -> None:
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
    app: HerokuApp, visitors: Visitors
) -> None:
    people = visitors.crowd(2)
    room = visitors.room(people)
    with Dyno(app, DYNO_ALONE="1") as dyno:
        assert len(dyno.processes()) == 1
        status, page = dyno.get("/accounts/login/")
        assert status == 200
        [style, *_] = re.findall(r'"(/static/[^"]+\.css)"', page)
        assert dyno.get(style)[0] == 200
        tabs = [Client(one.username, one.identity, [dyno.address]) for one in people]
        async with opened(tabs, room):
            await tabs[0].send(room, "alone")
            await visitors.settle(room, tabs)
            await visitors.assert_right(tabs)
        visitors.keep_busy(dyno)
        assert 1 < dyno.connections(app.postgres) <= OF_POSTGRES_ALONE
        assert 1 < dyno.connections(app.redis) <= OF_REDIS_ALONE
        dyno.terminate_all()
        assert dyno.status(KILL_SECONDS) == 0


def test_it_is_reached_by_tls_that_ends_at_the_router(app: HerokuApp, tmp_path: Path) -> None:
    router = Nginx()
    dyno = Dyno(app, HEROKU_APP_DEFAULT_DOMAIN_NAME=f"localhost:{router.tls_port}")
    router.write_configuration({"SERVER": "tls"})
    router.write_upstreams([(HOST, dyno.port)], [(HOST, dyno.port)])
    with dyno, router:
        somebody_talks_by_tls(app, router.tls_port, router.folder / "tls.crt", tmp_path)
        assert dyno.get("/accounts/login/", X_Forwarded_Proto="http")[0] == 308


def test_the_last_address_that_the_router_names_is_who_came(app: HerokuApp) -> None:
    [dyno, *_] = [one for one in app.dynos if one.running]
    dyno.get("/accounts/login/?who", X_Forwarded_For="192.0.2.6, 10.0.0.7, 192.0.2.7")
    wait_until(lambda: '"address":"192.0.2.7"' in dyno.tail())
    assert "192.0.2.6" not in dyno.tail()


def name_of(dyno: Dyno) -> str:
    return f"{socket.gethostname()}:{dyno.part('hubbub.realtime.server').pid}"

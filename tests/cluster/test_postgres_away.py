"""Postgres may go away: who sends is told so, nobody is signed out, and nothing is said twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import Disconnected, Frame
from loadtests.lib.servers import Postgres
from tests.cluster.stage import Stage, bodies, opened, start, stop

pytestmark = pytest.mark.deployment

UNAVAILABLE_SECONDS = 3

Away = Callable[[Postgres], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def stopped(postgres: Postgres) -> AsyncIterator[None]:
    await stop(postgres)
    yield
    await start(postgres)


@asynccontextmanager
async def paused(postgres: Postgres) -> AsyncIterator[None]:
    with postgres.paused():
        yield


@pytest.mark.parametrize("away", [stopped, paused])
async def test_a_send_is_unavailable_and_goes_through_once_afterwards(
    stage: Stage, away: Away
) -> None:
    people = stage.users(4)
    room = stage.room(people)
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    assert stage.cluster.postgres
    async with opened(clients, room):
        sockets = [client.protocol.welcome for client in clients]
        async with away(stage.cluster.postgres):
            await asyncio.gather(*(is_unavailable(client, room) for client in clients))
            # Some ask again before it is over, as impatient people do.
            await asyncio.gather(*(is_unavailable(client, room) for client in clients[:2]))
        for client in clients:
            answer = await client.send(room, f"from {client.name}", nonce=f"away-{room}")
            assert answer["type"] == "ok"
        await stage.settle(room, clients)
        for client in clients:
            assert len(bodies(client, room)) == len(clients)
        assert [client.protocol.welcome for client in clients] == sockets, "one was closed"
        await stage.assert_consistent(clients)


@pytest.mark.parametrize("away", [stopped, paused])
async def test_who_comes_meanwhile_is_not_taken_for_signed_out(stage: Stage, away: Away) -> None:
    [person] = people = stage.users(1)
    room = stage.room(people)
    assert stage.cluster.postgres
    async with AsyncExitStack() as tabs:
        async with away(stage.cluster.postgres):
            alice = await tabs.enter_async_context(stage.client(person))
            await alice.wait_until(lambda: closes(alice))
            assert alice.stop_code is None
        await alice.open(room, within=20)
        await stage.assert_consistent([alice])


async def test_after_a_restart_the_first_try_succeeds(stage: Stage) -> None:
    people = stage.users(16)
    room = stage.room(people)
    before = [stage.client(person, 0) for person in people[:8]]
    assert stage.cluster.postgres
    async with opened(before, room):  # so that the replica's connections to Postgres are in use
        await asyncio.gather(*(send(client, room) for client in before))
        async with stopped(stage.cluster.postgres):
            pass
        after = [stage.client(person, 0) for person in people[8:]]
        async with opened(after, room):
            for client in (*before, *after):
                answer = await send(client, room)
                assert answer["type"] == "ok", answer
                answer = await edit(client, answer["message"]["id"])
                assert answer["type"] == "ok", answer
            assert [closes(client) for client in (*before, *after)] == [[]] * 16
            await stage.settle(room, [*before, *after])
            await stage.assert_consistent(before, after)


async def is_unavailable(client: Client, room: int) -> None:
    asked = time.monotonic()
    answer = await send(client, room)
    assert answer.get("code") == "unavailable", answer
    assert time.monotonic() - asked < UNAVAILABLE_SECONDS


async def send(client: Client, room: int) -> Frame:
    return await client.command(
        "message.send",
        retry=False,
        room=room,
        nonce=f"away-{room}",
        body=f"from {client.name}",
    )


async def edit(client: Client, message: int) -> Frame:
    return await client.command("message.edit", retry=False, message=message, body="edited")


def closes(client: Client) -> list[int]:
    return [one.code for one in client.history.entries if isinstance(one, Disconnected)]

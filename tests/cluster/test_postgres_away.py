"""While Postgres is away, sends fail as unavailable. No user is signed out.

Afterwards, sends succeed, and no message is sent twice.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from statistics import median

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import Disconnected, Frame
from tests.cluster.stage import Away, Stage, bodies, opened, paused, stopped

pytestmark = pytest.mark.deployment

# A replica refuses a send after 2.5 seconds (QUERY_TIMEOUT_SECONDS). A busy machine needs longer,
# and for some sends more than for others.
UNAVAILABLE_SECONDS, MAX_UNAVAILABLE_SECONDS = 4, 7


@pytest.mark.parametrize("away", [stopped, paused])
async def test_a_send_fails_as_unavailable_and_succeeds_once_afterwards(
    stage: Stage, away: Away
) -> None:
    users = stage.users(4)
    room = stage.room(users)
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    assert stage.cluster.postgres
    async with opened(clients, room):
        sockets = [client.protocol.welcome for client in clients]
        async with away(stage.cluster.postgres):
            refusals = await asyncio.gather(*(refused(client, room) for client in clients))
            # Some clients try again before the outage ends, as impatient users do.
            refusals += await asyncio.gather(*(refused(client, room) for client in clients[:2]))
        assert median(refusals) < UNAVAILABLE_SECONDS, refusals
        assert max(refusals) < MAX_UNAVAILABLE_SECONDS, refusals
        for client in clients:
            answer = await client.send(room, f"from {client.name}", nonce=f"away-{room}")
            assert answer["type"] == "ok"
        await stage.settle(room, clients)
        for client in clients:
            assert len(bodies(client, room)) == len(clients)
        assert [client.protocol.welcome for client in clients] == sockets, "a connection was closed"
        await stage.assert_consistent(clients)


@pytest.mark.parametrize("away", [stopped, paused])
async def test_a_client_that_connects_during_the_outage_is_not_signed_out(
    stage: Stage, away: Away
) -> None:
    [user] = users = stage.users(1)
    room = stage.room(users)
    assert stage.cluster.postgres
    async with AsyncExitStack() as tabs:
        async with away(stage.cluster.postgres):
            alice = await tabs.enter_async_context(stage.client(user))
            await alice.wait_until(lambda: close_codes(alice))
            assert alice.stop_code is None
        await alice.open(room, within=20)
        await stage.assert_consistent([alice])


async def test_after_a_restart_the_first_attempt_succeeds(stage: Stage) -> None:
    users = stage.users(16)
    room = stage.room(users)
    before = [stage.client(user, 0) for user in users[:8]]
    assert stage.cluster.postgres
    async with opened(before, room):  # their sends make the replica use its connections to Postgres
        await asyncio.gather(*(send(client, room) for client in before))
        async with stopped(stage.cluster.postgres):
            pass
        after = [stage.client(user, 0) for user in users[8:]]
        async with opened(after, room):
            for client in (*before, *after):
                answer = await send(client, room)
                assert answer["type"] == "ok", answer
                answer = await edit(client, answer["message"]["id"])
                assert answer["type"] == "ok", answer
            assert [close_codes(client) for client in (*before, *after)] == [[]] * 16
            await stage.settle(room, [*before, *after])
            await stage.assert_consistent(before, after)


async def refused(client: Client, room: int) -> float:
    """Check that a send fails as unavailable. Return how many seconds that took."""
    started = time.monotonic()
    answer = await send(client, room)
    assert answer.get("code") == "unavailable", answer
    return time.monotonic() - started


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


def close_codes(client: Client) -> list[int]:
    return [one.code for one in client.history.entries if isinstance(one, Disconnected)]

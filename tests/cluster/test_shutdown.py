"""A replica ends in bounded time and without a complaint, whatever is away or half done."""

import asyncio
import json
import signal

import pytest

from loadtests.lib.servers.process import HOST
from tests.cluster.stage import Stage, opened, talking
from tests.support.raw_socket import close_code, heard_until, socket_of
from tests.support.replica_process import DRAIN_SECONDS, FINISH_SECONDS, Ending

pytestmark = [pytest.mark.deployment, pytest.mark.our_server]


async def test_half_a_handshake_and_a_silent_connection_hold_nothing_up(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    ending = Ending(replica)
    _, silent = await asyncio.open_connection(HOST, replica.port)
    _, half = await asyncio.open_connection(HOST, replica.port)
    half.write(b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websock")
    _, request = await asyncio.open_connection(HOST, replica.port)
    request.write(
        b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    )
    await half.drain()
    assert await asyncio.to_thread(replica.answers)  # what came before is read by now
    ending.signal()
    assert await ending.status() == 0
    assert not ending.complaints()
    for writer in (silent, half, request):
        writer.close()


async def test_a_second_signal_ends_it_at_once(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    ending = Ending(replica)
    async with socket_of(stage.person("alice"), replica) as socket:
        ending.signal()
        await ending.listens_no_more()
        ending.signal()
        assert await ending.status(2) == 1
        assert await close_code(socket) == 1006
    assert not ending.complaints()


async def test_on_ctrl_c_everybody_is_sent_away_within_a_second(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    ending = Ending(replica)
    async with socket_of(stage.person("alice"), replica) as socket:
        ending.signal(signal.SIGINT)
        async with asyncio.timeout(1):
            await heard_until(socket, "goodbye")
            assert await close_code(socket) == 4001
        assert await ending.status(2) == 0
    assert not ending.complaints()


async def test_with_postgres_hanging_it_ends_in_bounded_time(stage: Stage) -> None:
    alice = stage.person("alice")
    replica, postgres = stage.cluster.replicas[0], stage.cluster.postgres
    assert postgres is not None
    ending = Ending(replica)
    async with socket_of(alice, replica) as socket:
        room = await asyncio.to_thread(stage.room, [alice])
        await heard_until(socket, "room.added")  # else it would be asked for while Postgres hangs
        postgres.pause()
        command = {"type": "message.send", "ref": 1, "room": room, "nonce": "n", "body": "hangs"}
        await socket.send(json.dumps(command))
        read = {"type": "read", "ref": 2, "room": room, "number": 1}
        await socket.send(json.dumps(read))
        ending.signal()
        await heard_until(socket, "goodbye")
        assert await close_code(socket) == 4001
        assert await ending.status(DRAIN_SECONDS + FINISH_SECONDS) == 1
    assert "Postgres did not answer" in replica.tail()
    assert not ending.complaints()


@pytest.mark.parametrize("how", ["stop", "pause"])
async def test_with_redis_away_it_drains_all_the_same(stage: Stage, how: str) -> None:
    people = stage.crowd(6)
    room = stage.room(people)
    clients = [stage.client(person) for person in people]
    assert stage.cluster.redis is not None
    async with opened(clients, room):
        async with talking(clients, [room]):
            await asyncio.to_thread(getattr(stage.cluster.redis, how))
            ending = Ending(stage.cluster.replicas[0])
            ending.signal()
            assert await ending.status(DRAIN_SECONDS + FINISH_SECONDS) == 0
            for client in clients:
                await client.wait_until(lambda: client.connected)
        await stage.settle(room, clients)
    await stage.assert_right(clients)

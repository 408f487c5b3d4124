"""A replica shuts down in bounded time and without errors.

This holds even if servers are down or requests are unfinished.
"""

import asyncio
import json
import signal
import time
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import ClientConnection

from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST
from tests.cluster.stage import Stage, opened, sending
from tests.support.raw_socket import close_code, open_socket, read_until
from tests.support.replica_process import DRAIN_SECONDS, FINISH_SECONDS, ReplicaProcess

pytestmark = [pytest.mark.deployment, pytest.mark.our_server]


async def test_unfinished_requests_and_silent_connections_do_not_delay_it(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    process = ReplicaProcess(replica)
    _, silent = await asyncio.open_connection(HOST, replica.port)
    _, half = await asyncio.open_connection(HOST, replica.port)
    half.write(b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websock")
    _, request = await asyncio.open_connection(HOST, replica.port)
    request.write(
        b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    )
    await half.drain()
    # The answer proves that the replica has read what was sent before.
    assert await asyncio.to_thread(replica.answers)
    process.signal()
    assert await process.exit_status() == 0
    assert not process.logged_errors()
    for writer in (silent, half, request):
        writer.close()


async def test_a_second_signal_ends_it_immediately(stage: Stage, draining_slowly: Replica) -> None:
    process = ReplicaProcess(draining_slowly)
    async with open_socket(stage.user("alice"), draining_slowly) as socket:
        process.signal()
        await process.until_connections_are_refused()
        process.signal()
        assert await process.exit_status() == 1
        assert await close_code(socket) == 1006
    assert not process.logged_errors()


async def test_two_signals_at_once_end_it_immediately(draining_slowly: Replica) -> None:
    process = ReplicaProcess(draining_slowly)
    # A stopped process receives both signals when it continues, before its event loop runs again.
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
        process.signal(number)
    # The drain would take 600 s, so this long limit keeps a busy machine from failing the test.
    assert await process.exit_status(60) == 1
    assert not process.logged_errors()


async def test_ctrl_c_closes_all_connections_immediately(
    stage: Stage, draining_slowly: Replica
) -> None:
    process = ReplicaProcess(draining_slowly)
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(open_socket(stage.user("alice"), draining_slowly))
            for _ in range(3)
        ]
        process.signal(signal.SIGINT)
        graces = await asyncio.gather(*map(seconds_from_goodbye_to_close, sockets))
        # A busy machine can close some sockets late, but a drain would wait two seconds for every
        # one.
        assert min(graces) < 1, graces
        assert await process.exit_status() == 0
    assert not process.logged_errors()


async def seconds_from_goodbye_to_close(socket: ClientConnection) -> float:
    await read_until(socket, "goodbye")
    said_at = time.monotonic()
    assert await close_code(socket) == 4001
    return time.monotonic() - said_at


async def test_it_ends_in_bounded_time_while_postgres_hangs(stage: Stage) -> None:
    alice = stage.user("alice")
    replica, postgres = stage.cluster.replicas[0], stage.cluster.postgres
    assert postgres is not None
    process = ReplicaProcess(replica)
    async with open_socket(alice, replica) as socket:
        room = await asyncio.to_thread(stage.room, [alice])
        # Otherwise the replica would read the room while Postgres hangs.
        await read_until(socket, "room.added")
        postgres.pause()
        command = {"type": "message.send", "ref": 1, "room": room, "nonce": "n", "body": "hangs"}
        await socket.send(json.dumps(command))
        read = {"type": "read", "ref": 2, "room": room, "number": 1}
        await socket.send(json.dumps(read))
        process.signal()
        await read_until(socket, "goodbye")
        assert await close_code(socket) == 4001
        assert await process.exit_status(DRAIN_SECONDS + FINISH_SECONDS) == 1
    assert "Postgres did not answer" in replica.tail()
    assert not process.logged_errors()


@pytest.mark.parametrize("how", ["stop", "pause"])
async def test_it_drains_without_redis(stage: Stage, how: str) -> None:
    users = stage.users(6)
    room = stage.room(users)
    clients = [stage.client(user) for user in users]
    assert stage.cluster.redis is not None
    async with opened(clients, room):
        async with sending(clients, [room]):
            await asyncio.to_thread(getattr(stage.cluster.redis, how))
            process = ReplicaProcess(stage.cluster.replicas[0])
            process.signal()
            assert await process.exit_status(DRAIN_SECONDS + FINISH_SECONDS) == 0
            for client in clients:
                await client.wait_until(lambda: client.connected)
        await stage.settle(room, clients)
    await stage.assert_consistent(clients)

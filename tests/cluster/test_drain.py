"""A replica that shuts down moves its connections elsewhere: no message is lost, no user leaves."""

import asyncio
import json
from contextlib import closing
from http.client import HTTPConnection
from statistics import median

import psutil
import pytest

from loadtests.lib.client import websocket
from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST
from tests.cluster.stage import Stage, elapse, opened, sending, start, stop
from tests.support.observations import longest_time_away, share_moved, shown_as_left
from tests.support.raw_socket import address, close_code, open_socket, read_until
from tests.support.replica_process import ReplicaProcess

pytestmark = [pytest.mark.deployment, pytest.mark.our_server]

# Users who are away for longer than PRESENCE_LINGER_SECONDS are shown as gone.
MAX_AWAY_SECONDS = 4
# A client that moves in time is away only for a round trip. On a busy machine, some clients move
# too late.
USUAL_AWAY_SECONDS = 1


async def test_draining_each_replica_under_traffic_loses_nothing_and_shows_no_user_as_left(
    stage: Stage,
) -> None:
    users = stage.users(20)
    room = stage.room(users)
    clients = [stage.client(user) for user in users]
    async with opened(clients, room):
        async with sending(clients, [room]):
            for replica in stage.cluster.replicas:
                await elapse(0.5)
                await stop(replica)
                await start(replica)
                for client in clients:
                    await client.wait_until(lambda: client.connected)
        await stage.settle(room, clients)
        assert shown_as_left(clients) == set()
        assert share_moved(clients) > 0.5  # without the `goodbye`, no client would move
    assert median(longest_time_away([client]) for client in clients) < USUAL_AWAY_SECONDS
    assert longest_time_away(clients) < MAX_AWAY_SECONDS
    await stage.assert_consistent(clients)


async def test_a_connection_works_until_its_close_and_the_goodbye_says_when_to_reconnect(
    stage: Stage,
) -> None:
    alice = stage.user("alice")
    room = stage.room([alice])
    replica = stage.cluster.replicas[0]
    process = ReplicaProcess(replica)
    async with open_socket(alice, replica) as socket:
        process.signal()
        frames = await read_until(socket, "goodbye")
        assert frames[-1]["code"] == 4001
        assert 0 <= frames[-1]["retry_after_ms"] <= 1_000
        command = {"type": "message.send", "ref": 1, "room": room, "nonce": "n", "body": "still"}
        await socket.send(json.dumps(command))
        assert (await read_until(socket, "ok"))[-1]["message"]["body"] == "still"
        assert await close_code(socket) == 4001
    assert await process.exit_status() == 0


async def test_a_draining_replica_is_unready_and_accepts_no_connection(
    stage: Stage, draining_slowly: Replica
) -> None:
    replica = draining_slowly
    process = ReplicaProcess(replica)
    with closing(http(replica)) as kept, closing(http(replica)) as also_kept:
        assert await ask(kept, "/readyz") == (200, None, "ready\n")
        await ask(also_kept, "/healthz")
        async with open_socket(stage.user("alice"), replica):
            process.signal()
            await process.until_connections_are_refused()
            status, connection, sentence = await ask(kept, "/readyz")
            assert (status, connection) == (503, "close")
            assert sentence.startswith("Draining")
            assert (await ask(also_kept, "/healthz"))[0] == 200
    assert await process.exit_status() == 0


async def test_a_handshake_in_progress_is_finished_and_gets_the_goodbye(stage: Stage) -> None:
    replica, postgres = stage.cluster.replicas[0], stage.cluster.postgres
    assert postgres is not None
    process = ReplicaProcess(replica)
    postgres.pause()
    async with open_socket(stage.user("alice"), replica, welcomed=False) as socket:
        process.signal()
        await process.until_connections_are_refused()
        postgres.resume()
        await read_until(socket, "goodbye")
        assert await close_code(socket) == 4001
    assert await process.exit_status() == 0


async def test_a_handshake_that_the_kernel_accepted_before_the_drain_is_answered(
    stage: Stage,
) -> None:
    replica, alice = stage.cluster.replicas[0], stage.user("alice")
    process = ReplicaProcess(replica)
    replica.pause()
    handshake = asyncio.create_task(websocket.connect_socket(address(replica), alice.headers))
    await wait_until_kernel_accepts(replica)
    process.signal()
    replica.resume()
    socket = await handshake
    await read_until(socket, "goodbye")
    assert await close_code(socket) == 4001
    assert await process.exit_status() == 0


def http(replica: Replica) -> HTTPConnection:
    return HTTPConnection(HOST, replica.port, timeout=20)


async def ask(connection: HTTPConnection, path: str) -> tuple[int, str | None, str]:
    """Return the status, `Connection` header and text of a response on an open connection."""

    def get() -> tuple[int, str | None, str]:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Connection"), answer.read().decode()

    return await asyncio.to_thread(get)


async def wait_until_kernel_accepts(replica: Replica) -> None:
    """Wait until the kernel has established a connection, although the replica itself is paused."""
    async with asyncio.timeout(20):
        while not is_connected_to(replica):
            await elapse(0.02)


def is_connected_to(replica: Replica) -> bool:
    ours = psutil.Process().net_connections("tcp")
    return any(
        one.status == psutil.CONN_ESTABLISHED and one.raddr.port == replica.port for one in ours
    )

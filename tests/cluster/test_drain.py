"""A replica that is asked to end sends its sockets elsewhere: nothing lost, nobody gone."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from http.client import HTTPConnection
from itertools import pairwise
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from loadtests.client import Client, sockets
from loadtests.client.history import Closed, Seen, Subscribed
from loadtests.servers import Replica
from loadtests.servers.process import HOST
from tests.cluster.stage import ENVIRONMENT, Person, Stage, elapse, opened, start, stop, talking

pytestmark = pytest.mark.deployment

DRAIN_SECONDS = int(ENVIRONMENT["DRAIN_SECONDS"])
FINISH_SECONDS = 10
SILENCE_SECONDS = 2
_signalled_at: dict[Replica, int] = {}  # how long its log was then


async def test_drained_in_turn_under_traffic_nothing_is_lost_and_nobody_seen_to_leave(
    stage: Stage,
) -> None:
    people = stage.crowd(20)
    room = stage.room(people)
    clients = [stage.client(person) for person in people]
    async with opened(clients, room):
        async with talking(clients, [room]):
            for replica in stage.place.replicas:
                await elapse(0.5)
                await stop(replica)
                await start(replica)
                for client in clients:
                    await client.until(lambda: client.connected)
        await stage.settle(room, clients)
        assert left(clients) == set()
    assert longest_silence(clients) < SILENCE_SECONDS
    await stage.assert_right(clients)


async def test_a_socket_is_live_until_its_close_and_told_when_to_come_back(stage: Stage) -> None:
    alice = stage.person("alice")
    room = stage.room([alice])
    replica = stage.place.replicas[0]
    async with socket_of(alice, replica) as socket:
        send_signal(replica, signal.SIGTERM)
        frames = await heard_until(socket, "goodbye")
        assert frames[-1]["code"] == 4001
        assert 0 <= frames[-1]["retry_after_ms"] <= 1_000
        command = {"type": "message.send", "ref": 1, "room": room, "nonce": "n", "body": "still"}
        await socket.send(json.dumps(command))
        assert (await heard_until(socket, "ok"))[-1]["message"]["body"] == "still"
        assert await close_code(socket) == 4001
    assert await ended(replica, DRAIN_SECONDS) == 0


async def test_while_it_drains_it_is_unready_and_takes_no_new_connection(stage: Stage) -> None:
    replica = stage.place.replicas[0]
    with closing(http(replica)) as kept, closing(http(replica)) as also_kept:
        assert await ask(kept, "/readyz") == (200, None, "ready\n")
        await ask(also_kept, "/healthz")
        async with socket_of(stage.person("alice"), replica):
            send_signal(replica, signal.SIGTERM)
            await refuses_connections(replica)
            status, connection, sentence = await ask(kept, "/readyz")
            assert (status, connection) == (503, "close")
            assert sentence.startswith("Draining")
            assert (await ask(also_kept, "/healthz"))[0] == 200
    await ended(replica, DRAIN_SECONDS)


async def test_a_handshake_that_is_under_way_is_finished_and_sent_elsewhere(stage: Stage) -> None:
    replica, postgres = stage.place.replicas[0], stage.place.postgres
    assert postgres is not None
    postgres.pause()
    async with socket_of(stage.person("alice"), replica, welcomed=False) as socket:
        send_signal(replica, signal.SIGTERM)
        await refuses_connections(replica)
        postgres.resume()
        await heard_until(socket, "goodbye")
        assert await close_code(socket) == 4001
    assert await ended(replica, DRAIN_SECONDS) == 0


async def test_a_handshake_that_the_kernel_took_before_the_end_is_answered(stage: Stage) -> None:
    replica, alice = stage.place.replicas[0], stage.person("alice")
    replica.pause()
    handshake = asyncio.create_task(sockets.connected(address(replica), alice.headers))
    await connected_by_kernel(replica)
    send_signal(replica, signal.SIGTERM)
    replica.resume()
    socket = await handshake
    await heard_until(socket, "goodbye")
    assert await close_code(socket) == 4001
    assert await ended(replica, DRAIN_SECONDS) == 0


async def test_half_a_handshake_and_a_silent_connection_hold_nothing_up(stage: Stage) -> None:
    replica = stage.place.replicas[0]
    _, silent = await asyncio.open_connection(HOST, replica.port)
    _, half = await asyncio.open_connection(HOST, replica.port)
    half.write(b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websock")
    _, request = await asyncio.open_connection(HOST, replica.port)
    request.write(
        b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    )
    await half.drain()
    with closing(http(replica)) as after:
        await ask(after, "/healthz")  # they are read by now
    send_signal(replica, signal.SIGTERM)
    assert await ended(replica, DRAIN_SECONDS) == 0
    assert not complaints(replica)
    for writer in (silent, half, request):
        writer.close()


async def test_a_second_signal_ends_it_at_once(stage: Stage) -> None:
    replica = stage.place.replicas[0]
    async with socket_of(stage.person("alice"), replica) as socket:
        send_signal(replica, signal.SIGTERM)
        await refuses_connections(replica)
        send_signal(replica, signal.SIGTERM)
        assert await ended(replica, 2) == 1
        assert await close_code(socket) == 1006
    assert not complaints(replica)


async def test_on_ctrl_c_everybody_is_sent_away_within_a_second(stage: Stage) -> None:
    replica = stage.place.replicas[0]
    async with socket_of(stage.person("alice"), replica) as socket:
        send_signal(replica, signal.SIGINT)
        async with asyncio.timeout(1):
            await heard_until(socket, "goodbye")
            assert await close_code(socket) == 4001
        assert await ended(replica, 2) == 0
    assert not complaints(replica)


async def test_with_postgres_hanging_it_ends_in_bounded_time(stage: Stage) -> None:
    alice = stage.person("alice")
    room = stage.room([alice])
    replica, postgres = stage.place.replicas[0], stage.place.postgres
    assert postgres is not None
    async with socket_of(alice, replica) as socket:
        postgres.pause()
        command = {"type": "message.send", "ref": 1, "room": room, "nonce": "n", "body": "hangs"}
        await socket.send(json.dumps(command))
        read = {"type": "read", "ref": 2, "room": room, "number": 1}
        await socket.send(json.dumps(read))
        send_signal(replica, signal.SIGTERM)
        await heard_until(socket, "goodbye")
        assert await close_code(socket) == 4001
        assert await ended(replica, DRAIN_SECONDS + FINISH_SECONDS) == 1
    assert "Postgres or Redis did not answer" in replica.tail()
    assert not complaints(replica)


@pytest.mark.parametrize("how", ["stop", "pause"])
async def test_with_redis_away_it_drains_all_the_same(stage: Stage, how: str) -> None:
    people = stage.crowd(6)
    room = stage.room(people)
    clients = [stage.client(person) for person in people]
    assert stage.place.redis is not None
    async with opened(clients, room):
        async with talking(clients, [room]):
            await asyncio.to_thread(getattr(stage.place.redis, how))
            replica = stage.place.replicas[0]
            send_signal(replica, signal.SIGTERM)
            assert await ended(replica, DRAIN_SECONDS + FINISH_SECONDS) == 0
            for client in clients:
                await client.until(lambda: client.connected)
        await stage.settle(room, clients)
    await stage.assert_right(clients)


def left(clients: list[Client]) -> set[int]:
    """Return everybody whom any of the clients was told to be gone."""
    entries = (entry for client in clients for entry in client.history.entries)
    return {user for entry in entries if isinstance(entry, Seen) for user in entry.left}


def longest_silence(clients: list[Client]) -> float:
    """Return the most seconds that any client was without a subscription after a close."""
    silences = [0.0]
    for client in clients:
        turns = [one for one in client.history.entries if isinstance(one, Closed | Subscribed)]
        silences += [
            after.at - before.at
            for before, after in pairwise(turns)
            if isinstance(before, Closed) and isinstance(after, Subscribed)
        ]
    return max(silences)


@asynccontextmanager
async def socket_of(
    person: Person, replica: Replica, *, welcomed: bool = True
) -> AsyncIterator[ClientConnection]:
    """Open a bare socket that does not come back by itself."""
    socket = await sockets.connected(address(replica), person.headers)
    try:
        if welcomed:
            await heard_until(socket, "welcome")
        yield socket
    finally:
        await socket.close()


async def heard_until(socket: ClientConnection, type: str) -> list[dict[str, Any]]:
    """Return the frames up to the next one of a type."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not frames or frames[-1]["type"] != type:
            frames.append(json.loads(await socket.recv()))
    return frames


async def close_code(socket: ClientConnection) -> int:
    """Wait for the server's close; return its code, 1006 where it sent none."""
    async with asyncio.timeout(10):
        while True:
            try:
                await socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006


def http(replica: Replica) -> HTTPConnection:
    return HTTPConnection(HOST, replica.port, timeout=5)


async def ask(connection: HTTPConnection, path: str) -> tuple[int, str | None, str]:
    """Return status, `Connection` header and text of an answer on a connection that is kept."""

    def get() -> tuple[int, str | None, str]:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Connection"), answer.read().decode()

    return await asyncio.to_thread(get)


def send_signal(replica: Replica, number: signal.Signals) -> None:
    _signalled_at[replica] = replica.log.stat().st_size
    os.kill(replica.pid, number)


async def ended(replica: Replica, within: float) -> int:
    """Wait until the process has ended, with a second for itself; return its exit status."""
    assert replica._process is not None
    return await asyncio.to_thread(replica._process.wait, within + 1)


async def refuses_connections(replica: Replica) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, replica.port)
            except OSError:
                return
            writer.close()
            await elapse(0.02)


async def connected_by_kernel(replica: Replica) -> None:
    """Wait until a connection stands, though the replica itself does nothing."""
    async with asyncio.timeout(5):
        while not is_connected_to(replica):
            await elapse(0.02)


def is_connected_to(replica: Replica) -> bool:
    ours = psutil.Process().net_connections("tcp")
    return any(
        one.status == psutil.CONN_ESTABLISHED and one.raddr.port == replica.port for one in ours
    )


def complaints(replica: Replica) -> list[str]:
    """Return what its log says since it was last signalled that one would take for a bug."""
    said = replica.log.read_bytes()[_signalled_at[replica] :].decode()
    bad = ("Traceback", "KeyError", "Exception")
    return [line for line in said.splitlines() if any(word in line for word in bad)]


def address(replica: Replica) -> str:
    return f"{HOST}:{replica.port}"

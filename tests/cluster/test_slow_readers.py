"""A slow reader is disconnected, delays no other client, and gets everything when it resumes."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from loadtests.lib.servers import Cluster, Postgres, Redis, Replica
from loadtests.lib.servers.process import HOST
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import ENVIRONMENT, Stage, bodies, opened
from tests.support.probes import scrape_until
from tests.support.raw_socket import address, open_socket, read_until

# Each message has 8 KB. Together they are several times as large as what the kernel and the replica
# buffer for a connection.
MESSAGES = 200
LIMITS = {"MAX_BUFFERED_BYTES": "262144", "REPLAY_MAX_EVENTS": "1000"}

pytestmark = pytest.mark.deployment


@pytest.fixture
def stage(postgres: Postgres, redis: Redis, tmp_path: Path) -> Iterator[Stage]:
    environment = ENVIRONMENT | LIMITS
    with Cluster(replicas=1, postgres=postgres, redis=redis, environment=environment) as cluster:
        yield Stage(cluster, tmp_path, user_count=3)


async def test_a_slow_reader_is_disconnected_and_gets_everything_when_it_resumes(
    stage: Stage,
) -> None:
    [replica] = stage.cluster.replicas
    sender, reader, stuck = stage.users(3)
    room = stage.room([sender, reader, stuck])
    clients = [stage.client(sender, 0), stage.client(reader, 0)]
    async with opened(clients, room), open_slow_reader(stuck, replica) as slow:
        await subscribe(slow, room, None)
        await read_until(slow, "subscribed")
        for number in range(MESSAGES):
            await clients[0].send(room, f"{number} " + "." * 7_990)
        await stage.settle(room, clients, within=60)
        await scrape_until(
            replica, lambda shown: shown.value("hubbub_connections_closed_total", code="4002") == 1
        )
        received = await received_before_close(slow)
        assert 0 < len(received) < MESSAGES
        # The client missed more than may be buffered for one connection, so the replay comes in
        # pages.
        async with open_socket(stuck, replica) as again:
            await subscribe(again, room, received[-1])
            *missed, subscribed = await read_until(again, "subscribed")
        seqs = [frame["seq"] for frame in missed if frame["type"] == "message.created"]
        assert subscribed["resumed"]
        assert seqs == list(range(received[-1] + 1, received[0] + MESSAGES))
        assert len(bodies(clients[1], room)) == MESSAGES
    await stage.assert_consistent(clients)


@asynccontextmanager
async def open_slow_reader(user: Account, replica: Replica) -> AsyncIterator[ClientConnection]:
    """Open a WebSocket with small buffers, so that unread data stays on the server."""
    own = socket.create_connection((HOST, replica.port))
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    origin = {"Origin": f"http://{address(replica)}"}
    async with connect(
        f"ws://{address(replica)}/ws/",
        sock=own,
        additional_headers=user.headers | origin,
        compression=None,
        max_size=None,
        max_queue=1,
        ping_interval=None,
        close_timeout=1,
    ) as client:
        yield client


async def subscribe(client: ClientConnection, room: int, position: int | None) -> None:
    await client.send(json.dumps({"type": "subscribe", "rooms": {str(room): position}}))


async def received_before_close(client: ClientConnection) -> list[int]:
    """Return the seqs of the messages that reached a client before it was disconnected."""
    seqs = []
    with suppress(ConnectionClosed):
        async for text in client:
            frame = json.loads(text)
            if frame["type"] == "message.created":
                seqs.append(frame["seq"])
    return seqs

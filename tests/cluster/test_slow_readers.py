"""Who stops reading is cut off, costs nobody else anything, and gets everything when back."""

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
from tests.cluster.test_metrics import until
from tests.support.raw_socket import address, open_socket, read_until

# Of 8 KB each: several times what kernel and limit hold back for one socket.
MESSAGES = 200
LIMITS = {"MAX_BUFFERED_BYTES": "262144", "REPLAY_MAX_EVENTS": "1000"}

pytestmark = pytest.mark.deployment


@pytest.fixture
def stage(postgres: Postgres, redis: Redis, tmp_path: Path) -> Iterator[Stage]:
    environment = ENVIRONMENT | LIMITS
    with Cluster(replicas=1, postgres=postgres, redis=redis, environment=environment) as cluster:
        yield Stage(cluster, tmp_path, user_count=3)


async def test_who_does_not_read_is_cut_off_and_gets_everything_when_back(stage: Stage) -> None:
    [replica] = stage.cluster.replicas
    talker, reader, stuck = stage.users(3)
    room = stage.room([talker, reader, stuck])
    clients = [stage.client(talker, 0), stage.client(reader, 0)]
    async with opened(clients, room), unread(stuck, replica) as cut_off:
        await subscribe(cut_off, room, None)
        await read_until(cut_off, "subscribed")
        for number in range(MESSAGES):
            await clients[0].send(room, f"{number} " + "." * 7_990)
        await stage.settle(room, clients, within=60)
        await until(
            replica, lambda shown: shown.value("hubbub_connections_closed_total", code="4002") == 1
        )
        had = await rest_of(cut_off)
        assert 0 < len(had) < MESSAGES
        # What was missed is more than may wait for one socket: it comes as it is read.
        async with open_socket(stuck, replica) as again:
            await subscribe(again, room, had[-1])
            *missed, subscribed = await read_until(again, "subscribed")
        seqs = [frame["seq"] for frame in missed if frame["type"] == "message.created"]
        assert subscribed["resumed"]
        assert seqs == list(range(had[-1] + 1, had[0] + MESSAGES))
        assert len(bodies(clients[1], room)) == MESSAGES
    await stage.assert_consistent(clients)


@asynccontextmanager
async def unread(person: Account, replica: Replica) -> AsyncIterator[ClientConnection]:
    """Open a socket that takes in hardly anything but what is received from it."""
    own = socket.create_connection((HOST, replica.port))
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    origin = {"Origin": f"http://{address(replica)}"}
    async with connect(
        f"ws://{address(replica)}/ws/",
        sock=own,
        additional_headers=person.headers | origin,
        compression=None,
        max_size=None,
        max_queue=1,
        ping_interval=None,
        close_timeout=1,
    ) as client:
        yield client


async def subscribe(client: ClientConnection, room: int, position: int | None) -> None:
    await client.send(json.dumps({"type": "subscribe", "rooms": {str(room): position}}))


async def rest_of(client: ClientConnection) -> list[int]:
    """Return the seqs of the messages that had reached a socket before it was cut off."""
    seqs = []
    with suppress(ConnectionClosed):
        async for text in client:
            frame = json.loads(text)
            if frame["type"] == "message.created":
                seqs.append(frame["seq"])
    return seqs

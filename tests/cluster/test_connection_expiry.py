"""Connections expire, so that load spreads to new replicas.

Users do not notice: the client opens its next connection before the old one closes.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import Connected
from loadtests.lib.servers import Cluster, Postgres, Redis
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import ENVIRONMENT, Stage, opened, sending
from tests.support.observations import (
    connection_count,
    longest_time_away,
    share_moved,
    shown_as_left,
)
from tests.support.raw_socket import close_code, open_socket, read_until

pytestmark = pytest.mark.deployment

MAX_CONNECTION_AGE_SECONDS = 4
# The time from the expiry to the close: up to a second passes until the next check, and the client
# has two seconds to open the next connection. A busy machine can need longer for some connections.
CLOSE_SECONDS, MAX_CLOSE_SECONDS = 4, 8
# Most clients are away for a few milliseconds. Without the `goodbye`, they would be away until
# their retries succeed; users who are away for longer than PRESENCE_LINGER_SECONDS (4) are shown as
# gone.
MAX_AWAY_SECONDS = 4
USUAL_AWAY_SECONDS = 1


@pytest.fixture
def short_lived(postgres: Postgres, redis: Redis, tmp_path: Path) -> Iterator[Stage]:
    """Return a stage whose connections expire after a few seconds."""
    limits = ENVIRONMENT | {"MAX_CONNECTION_AGE_SECONDS": str(MAX_CONNECTION_AGE_SECONDS)}
    with Cluster(postgres=postgres, redis=redis, environment=limits) as cluster:
        yield Stage(cluster, tmp_path, user_count=12)


async def test_an_expired_connection_finishes_its_commands_and_is_closed(
    short_lived: Stage,
) -> None:
    alice = short_lived.user("alice")
    room = short_lived.room([alice])
    ages = await asyncio.gather(
        *(age_at_close(short_lived, alice, room, nonce) for nonce in ("1", "2", "3"))
    )
    assert min(ages) < MAX_CONNECTION_AGE_SECONDS + CLOSE_SECONDS
    assert max(ages) < MAX_CONNECTION_AGE_SECONDS + MAX_CLOSE_SECONDS


async def age_at_close(stage: Stage, user: Account, room: int, nonce: str) -> float:
    """Use a connection until it expires. Return its age when it was closed, in seconds."""
    async with open_socket(user, stage.cluster.replicas[0]) as socket:
        started_at = time.monotonic()
        goodbye = (await read_until(socket, "goodbye"))[-1]
        assert goodbye["code"] == 4004
        assert 0 <= goodbye["retry_after_ms"] <= 1_000
        command = {"type": "message.send", "ref": 1, "room": room, "nonce": nonce, "body": "still"}
        await socket.send(json.dumps(command))
        await read_until(socket, "ok")
        assert await close_code(socket) == 4004
        return time.monotonic() - started_at


async def test_under_traffic_expiry_spreads_the_load_without_loss_or_silence(
    short_lived: Stage,
) -> None:
    users = short_lived.users(10)
    room = short_lived.room(users)
    clients = [short_lived.client(user, 0) for user in users]
    async with opened(clients, room):
        for client in clients:
            client.addresses = short_lived.addresses
        async with sending(clients, [room]):
            for client in clients:
                await client.wait_until(lambda: connection_count(client) >= 3, within=30)
        await short_lived.settle(room, clients)
        assert len(set().union(*map(replicas_used_by, clients))) == 2
        assert shown_as_left(clients) == set()
        # A busy machine can be too slow to move all clients in time.
        assert share_moved(clients) > 0.5
    assert median(longest_time_away([client]) for client in clients) < USUAL_AWAY_SECONDS
    assert longest_time_away(clients) < MAX_AWAY_SECONDS
    await short_lived.assert_consistent(clients)


def replicas_used_by(client: Client) -> set[str]:
    return {entry.replica for entry in client.history.entries if isinstance(entry, Connected)}

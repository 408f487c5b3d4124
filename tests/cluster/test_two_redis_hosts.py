"""Two Redis hosts share the rooms: one that hangs delays only its own rooms."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from channels_redis.utils import _consistent_hash

from loadtests.lib.client import Client
from loadtests.lib.servers import Cluster, Postgres, Redis
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import ENVIRONMENT, Stage, bodies, opened

pytestmark = pytest.mark.deployment

# Less than PUBLISH_TIMEOUT_SECONDS, the time that a message would take if it waited for the other
# host.
IMMEDIATE_SECONDS = 0.5
SWEEP_SECONDS = 6
MESSAGES = 10


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[list[Redis]]:
    with Redis() as first, Redis() as second:
        yield [first, second]


@pytest.fixture
def stage(hosts: list[Redis], postgres: Postgres, tmp_path: Path) -> Iterator[Stage]:
    redis_url = ",".join(redis.url() for redis in hosts)
    environment = ENVIRONMENT | {"REDIS_URL": redis_url}
    with Cluster(postgres=postgres, redis=hosts[0], environment=environment) as cluster:
        yield Stage(cluster, tmp_path, user_count=2)


async def test_a_hanging_host_does_not_delay_the_rooms_of_the_other(
    stage: Stage, hosts: list[Redis]
) -> None:
    users = stage.users(2)
    rooms = [room_on(stage, users, host) for host in (0, 1)]
    alice, bob = stage.client(users[0], 0), stage.client(users[1], 1)
    async with opened([alice, bob], rooms[0]):
        await alice.open(rooms[1])
        await bob.open(rooms[1])
        for hanging, working in ((0, 1), (1, 0)):
            await stage.wait_for_bus()
            delays = []
            with hosts[hanging].paused():
                for number in range(MESSAGES):
                    text = f"{number} while host {hanging} hangs"
                    await alice.send(rooms[hanging], text)
                    await alice.send(rooms[working], text)
                    sent_at = time.monotonic()
                    await wait_for_message(bob, rooms[working], text)
                    delays.append(time.monotonic() - sent_at)
                await wait_for_message(bob, rooms[hanging], text, SWEEP_SECONDS)
            # Check only the fastest eight of ten messages: a busy machine can delay some messages,
            # but waiting for the other host would delay all of them.
            assert sorted(delays)[-3] < IMMEDIATE_SECONDS, delays
        for room in rooms:
            await stage.settle(room, [alice, bob])
        await stage.assert_consistent([alice, bob])


async def wait_for_message(client: Client, room: int, text: str, within: float = 10) -> None:
    await client.wait_until(lambda: text in bodies(client, room), within)


def room_on(stage: Stage, users: list[Account], host: int) -> int:
    """Return a new room whose group is on the given Redis host."""
    for _ in count():
        room = stage.room(users)
        if _consistent_hash(f"{stage.cluster.name}__group__room.{room}", 2) == host:
            return room
    raise AssertionError

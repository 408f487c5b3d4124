"""Two Redis hosts share the rooms between them: one that falls silent delays only its own."""

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

AT_ONCE_SECONDS = 0.5
REPAIRED_SECONDS = 6
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


async def test_a_silent_host_delays_no_room_of_the_other(stage: Stage, hosts: list[Redis]) -> None:
    people = stage.users(2)
    rooms = [room_on(stage, people, host) for host in (0, 1)]
    alice, bob = stage.client(people[0], 0), stage.client(people[1], 1)
    async with opened([alice, bob], rooms[0]):
        await alice.open(rooms[1])
        await bob.open(rooms[1])
        for silent, living in ((0, 1), (1, 0)):
            await stage.wait_for_bus()
            with hosts[silent].paused():
                for number in range(MESSAGES):
                    text = f"{number} while host {silent} is silent"
                    await alice.send(rooms[silent], text)
                    await alice.send(rooms[living], text)
                    await is_heard(bob, rooms[living], text, AT_ONCE_SECONDS)
                await is_heard(bob, rooms[silent], text, REPAIRED_SECONDS)
        for room in rooms:
            await stage.settle(room, [alice, bob])
        await stage.assert_consistent([alice, bob])


async def is_heard(client: Client, room: int, text: str, within: float) -> None:
    await client.wait_until(lambda: text in bodies(client, room), within)


def room_on(stage: Stage, people: list[Account], host: int) -> int:
    """Return a new room whose doorbell rings through that host."""
    for _ in count():
        room = stage.room(people)
        if _consistent_hash(f"{stage.cluster.name}__group__room.{room}", 2) == host:
            return room
    raise AssertionError

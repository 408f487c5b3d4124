"""Recorded traffic is replayed at four times the speed: completely, in order, without loss.

Recording and replay use the same servers, but the replay has rooms of its own.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from loadtests.lib.checker import format_violations
from loadtests.lib.servers import Cluster, Postgres, Redis
from loadtests.replay.player import Player
from loadtests.replay.target import ReplayTarget, create_rooms
from loadtests.replay.traffic import Traffic, read
from loadtests.replay.verdict import exit_status, lines
from tests.cluster.stage import Stage, elapse, open_all

pytestmark = pytest.mark.deployment

USER_COUNT = 8
SPEED = 4.0
PAUSE_SECONDS = 0.4  # the pause between messages; it is long enough even at four times the speed
# The members of each room, and how many messages each of them sends there.
SIZES = {2: 9, 3: 6, USER_COUNT: 2}


@pytest.fixture(scope="module")
def recorded(
    postgres: Postgres | None, redis: Redis | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    environment = {
        "RECORDING_DIR": str(tmp_path_factory.mktemp("here") / "morning"),
        "MESSAGES_BURST": "1000",
        "COMMANDS_BURST": "1000",
    }
    with Cluster(postgres=postgres, redis=redis, environment=environment) as cluster:
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"), USER_COUNT)


async def test_a_replay_sends_everything_in_order_and_without_loss(recorded: Stage) -> None:
    rooms = [recorded.room(recorded.users(size)) for size in SIZES]
    await talk(recorded, rooms)
    traffic = await recording_of(recorded)
    assert traffic.count("send") == sum(size * count for size, count in SIZES.items())
    # Everyone connected again after being disconnected once.
    assert traffic.count("connect") == 2 * USER_COUNT
    identities = [recorded.users(USER_COUNT)[user].identity for user in traffic.users.values()]
    made = create_rooms(traffic, recorded.address(0), identities)
    target = ReplayTarget(recorded.addresses, identities, made)
    started = time.monotonic()
    results = await Player(traffic, target, SPEED).play()
    assert time.monotonic() - started >= traffic.seconds / SPEED
    results.check_log(recorded.log())
    printed = "\n".join(lines(results, traffic, SPEED))
    assert not results.violations, format_violations(results.violations)
    assert exit_status(results) != 1, printed
    assert results.played == Counter(action.kind for action in traffic.actions)
    assert messages_by_size(recorded, rooms) == messages_by_size(recorded, made)
    total = results.series.total()
    assert total.latencies["SEND"].count == traffic.count("send")
    assert total.latencies["DELIVER"].count + total.caught_up > traffic.count("send")
    assert total.latencies["RESUME"].count == USER_COUNT


async def talk(stage: Stage, rooms: list[int]) -> None:
    """Send messages in all rooms. At one point, drop all connections together."""
    users = stage.users(USER_COUNT)
    clients = [stage.client(user) for user in users]
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(client) for client in clients))
        for room, size in zip(rooms, SIZES, strict=True):
            await open_all(clients[:size], room)
        for number in range(max(SIZES.values())):
            if number == 3:
                await asyncio.gather(*(client.drop_connection() for client in clients))
                for client in clients:
                    await client.wait_until(lambda: client.connected)
            for room, (size, count) in zip(rooms, SIZES.items(), strict=True):
                if number < count:
                    body = "so " * (number + 1)
                    await asyncio.gather(*(each.send(room, body) for each in clients[:size]))
            await elapse(PAUSE_SECONDS)
        for room, size in zip(rooms, SIZES, strict=True):
            await stage.settle(room, clients[:size])


async def recording_of(stage: Stage) -> Traffic:
    """Return the recording, once it contains the end of the last connection."""
    folder = Path(stage.cluster.environment["RECORDING_DIR"])
    async with asyncio.timeout(10):
        while True:
            traffic = read(files_in(folder))
            if traffic.count("disconnect") == 2 * USER_COUNT:
                return traffic
            await elapse(0.1)


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def messages_by_size(stage: Stage, rooms: list[int]) -> Counter[tuple[int, int]]:
    """Count the rooms that have messages, by number of members and number of messages."""
    log = stage.log()
    joins = {room: sum(one.type == "member.joined" for one in log.rooms[room]) for room in rooms}
    sent = {room: len(log.messages_of(room)) for room in rooms}
    return Counter((joins[room], sent[room]) for room in rooms if sent[room])

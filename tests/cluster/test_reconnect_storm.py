"""Everybody comes back at once to a replica that has just started: cheap, and each as themselves.

The statements are read from Postgres's own log, so nothing that a replica does can hide one.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import Connected
from loadtests.lib.client.websocket_bytes import frame, handshake
from loadtests.lib.servers import Cluster
from loadtests.lib.simulation.account import Account
from loadtests.lib.systems.bulk_rooms import make_rooms
from tests.cluster.stage import ENVIRONMENT, Stage, bodies, open_all, start, stop
from tests.cluster.test_resume import resumed
from tests.support.raw_socket import read_frame

pytestmark = pytest.mark.deployment

CROWD = 200
ROOMS = 3
MISSED = 10
LIVE_SECONDS = 60
READS_OF_A_ROOM = 3
STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Cluster(environment=ENVIRONMENT) as cluster:
        stage = Stage(cluster, tmp_path_factory.mktemp("sessions"), CROWD + 1)
        for setting in ("log_statement = 'all'", "log_min_messages = 'log'"):
            run_sql(stage, f"ALTER DATABASE {cluster.name} SET {setting}")
        yield stage


@dataclass(frozen=True, slots=True)
class Storm:
    """A crowd whose replica was killed, and one who goes on writing on the other."""

    stage: Stage
    rooms: list[int]
    sender: Client
    crowd: list[Client]

    async def come_back(self) -> None:
        """Start the replica, and wait until all who may are live again with what they missed."""
        await start(self.stage.cluster.replicas[1])
        for client in self.crowd:
            await client.wait_until(lambda: client.stop_code or self._is_back(client), LIVE_SECONDS)

    def _is_back(self, client: Client) -> bool:
        return all(
            room in client.protocol.subscriptions and len(bodies(client, room)) == MISSED
            for room in self.rooms
        )


@asynccontextmanager
async def storm(stage: Stage) -> AsyncIterator[Storm]:
    """Kill the replica of a crowd that has rooms open, and write what they miss."""
    people, rooms = stage.users(CROWD + 1), storm_rooms(stage)
    sender, crowd = stage.client(people[0], 0), [stage.client(each, 1) for each in people[1:]]
    async with AsyncExitStack() as tabs:
        for client in (sender, *crowd):
            await tabs.enter_async_context(client)
        for room in rooms:
            await open_all([sender, *crowd], room)
        stage.cluster.replicas[1].kill()
        await write_what_they_miss(sender, rooms)
        yield Storm(stage, rooms, sender, crowd)


def storm_rooms(stage: Stage) -> list[int]:
    """Return new rooms that the crowd is in."""
    return [int(make_rooms(stage.cluster, 1, CROWD + 1)[0]) for _ in range(ROOMS)]


async def write_what_they_miss(sender: Client, rooms: list[int]) -> None:
    for room in rooms:
        for number in range(MISSED):
            await sender.send(room, f"missed {number}")


async def test_all_are_live_again_with_what_they_missed_for_few_statements(stormy: Stage) -> None:
    rooms = storm_rooms(stormy)
    people = stormy.users(CROWD)
    replica = stormy.cluster.replicas[1]
    await stop(replica)
    async with stormy.client(people[0], 0) as sender:
        await write_what_they_miss(sender, rooms)
    await start(replica)
    logged = log_size(stormy)
    seen = await asyncio.gather(*(come_back_once(stormy, each, rooms) for each in people))
    statements = statements_since(stormy, logged)
    assert len(statements) <= 2 * CROWD
    for room in rooms:
        assert 1 <= sum(reads_log(each, room) for each in statements) <= READS_OF_A_ROOM
    whole = [(room, seq) for room in rooms for seq in range(1, MISSED + 1)]
    assert all(sorted(each) == whole and in_order(each) for each in seen)


async def come_back_once(stage: Stage, person: Account, rooms: list[int]) -> list[tuple[int, int]]:
    """Come in and subscribe by one socket; return room and seq of what came before it was live."""
    seen: list[tuple[int, int]] = []
    live: set[int] = set()
    address = stage.address(1)
    speaks = {"Origin": f"http://{address}", "Sec-WebSocket-Protocol": "hubbub.v1"}
    reader, writer = await asyncio.open_connection(*address.split(":"))
    try:
        async with asyncio.timeout(LIVE_SECONDS):
            writer.write(handshake(address, "/ws/", person.headers | speaks))
            await reader.readuntil(b"\r\n\r\n")
            while live != set(rooms):
                _, payload = await read_frame(reader)
                heard = json.loads(payload)
                match heard["type"]:
                    case "welcome":
                        asked = {"type": "subscribe", "rooms": dict.fromkeys(map(str, rooms), 0)}
                        writer.write(frame(json.dumps(asked).encode()))
                    case "message.created":
                        assert heard["room"] not in live
                        seen.append((heard["room"], heard["seq"]))
                    case "subscribed":
                        assert heard["resumed"]
                        live.add(heard["room"])
    finally:
        writer.close()
    return seen


async def test_who_may_not_come_in_is_told_why_and_all_others_come_in(stormy: Stage) -> None:
    async with storm(stormy) as all_of_them:
        expired, banned, *others = all_of_them.crowd
        key = expired.headers["Cookie"].partition("=")[2]
        over = "UPDATE django_session SET expire_date = now() WHERE session_key = %s"
        run_sql(stormy, over, key)
        ban = "UPDATE accounts_user SET banned_at = now() WHERE username = %s"
        run_sql(stormy, ban, banned.name)
        try:
            await all_of_them.come_back()
        finally:
            run_sql(stormy, "UPDATE accounts_user SET banned_at = NULL")
            run_sql(stormy, "UPDATE django_session SET expire_date = now() + interval '1 day'")
        assert (expired.stop_code, banned.stop_code) == (4501, 4502)
        assert {client.stop_code for client in others} == {None}
        assert all(all(resumed(client)) for client in others)
        await stormy.assert_consistent([all_of_them.sender, *others])


async def test_who_is_banned_amid_the_storm_is_cut_off(stormy: Stage) -> None:
    async with storm(stormy) as all_of_them:
        banned = all_of_them.crowd[-1]
        person, alice = stormy.user(banned.name), stormy.user("alice")
        coming = asyncio.create_task(all_of_them.come_back())
        first = all_of_them.crowd[0]
        await first.wait_until(lambda: times_opened(first) == 2, LIVE_SECONDS)
        chosen = {"action": "ban", "_selected_action": str(person.id)}
        await asyncio.to_thread(stormy.post_form, alice, "/admin/accounts/user/", **chosen)
        await banned.wait_until(lambda: banned.stop_code, LIVE_SECONDS)
        assert banned.stop_code == 4502
        await coming
        assert [client for client in all_of_them.crowd if client.stop_code] == [banned]


def times_opened(client: Client) -> int:
    return sum(isinstance(entry, Connected) for entry in client.history.entries)


def in_order(seen: list[tuple[int, int]]) -> bool:
    """Tell whether what came of each room came by seq."""
    by_room = sorted(seen, key=lambda each: each[0])
    return by_room == sorted(seen)


def run_sql(stage: Stage, statement: str, *values: str) -> None:
    assert stage.cluster.postgres
    stage.cluster.postgres.execute(statement, *values, database=stage.cluster.name)


def log_size(stage: Stage) -> int:
    assert stage.cluster.postgres
    return stage.cluster.postgres.log.stat().st_size


def statements_since(stage: Stage, size: int) -> list[str]:
    assert stage.cluster.postgres
    return STATEMENT.findall(stage.cluster.postgres.log.read_bytes()[size:].decode())


def reads_log(statement: str, room: int) -> bool:
    is_read = 'FROM "chat_event"' in statement
    return is_read and re.search(rf'"chat_event"."room_id" = {room}\b', statement) is not None

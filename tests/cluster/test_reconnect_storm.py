"""After a replica restarts, all clients reconnect at once, which takes few SQL statements.

The statements are counted in Postgres's own log, so a replica cannot hide any.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.websocket_bytes import frame, handshake
from loadtests.lib.servers import Cluster
from loadtests.lib.simulation.account import Account
from loadtests.lib.systems.bulk_rooms import make_rooms
from tests.cluster.stage import ENVIRONMENT, Stage, bodies, open_all, start, stop
from tests.cluster.test_resume import resumed
from tests.support.observations import connection_count
from tests.support.raw_socket import read_frame

pytestmark = pytest.mark.deployment

CLIENTS = 200
ROOMS = 3
MISSED = 10
LIVE_SECONDS = 60
MAX_READS_OF_A_ROOM = 3
STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Cluster(environment=ENVIRONMENT) as cluster:
        stage = Stage(cluster, tmp_path_factory.mktemp("sessions"), CLIENTS + 1)
        for setting in ("log_statement = 'all'", "log_min_messages = 'log'"):
            run_sql(stage, f"ALTER DATABASE {cluster.name} SET {setting}")
        yield stage


@dataclass(frozen=True, slots=True)
class Storm:
    """Clients whose replica was killed, and a client that still sends on the other replica."""

    stage: Stage
    rooms: list[int]
    sender: Client
    clients: list[Client]

    async def reconnect(self) -> None:
        """Start the replica, and wait until each client is done.

        A client is done if it has been rejected, or if it is live and has received what it missed.
        """
        await start(self.stage.cluster.replicas[1])
        for client in self.clients:
            await client.wait_until(
                lambda: client.stop_code or self._has_resumed(client), LIVE_SECONDS
            )

    def _has_resumed(self, client: Client) -> bool:
        return all(
            room in client.protocol.subscriptions and len(bodies(client, room)) == MISSED
            for room in self.rooms
        )


@asynccontextmanager
async def storm(stage: Stage) -> AsyncIterator[Storm]:
    """Kill the replica of clients that have rooms open, and send messages that they miss."""
    users, rooms = stage.users(CLIENTS + 1), storm_rooms(stage)
    sender, clients = stage.client(users[0], 0), [stage.client(each, 1) for each in users[1:]]
    async with AsyncExitStack() as tabs:
        for client in (sender, *clients):
            await tabs.enter_async_context(client)
        for room in rooms:
            await open_all([sender, *clients], room)
        stage.cluster.replicas[1].kill()
        await send_missed(sender, rooms)
        yield Storm(stage, rooms, sender, clients)


def storm_rooms(stage: Stage) -> list[int]:
    """Return new rooms. The users of all clients are members of them."""
    return [int(make_rooms(stage.cluster, 1, CLIENTS + 1)[0]) for _ in range(ROOMS)]


async def send_missed(sender: Client, rooms: list[int]) -> None:
    for room in rooms:
        for number in range(MISSED):
            await sender.send(room, f"missed {number}")


async def test_all_resume_with_few_statements(stormy: Stage) -> None:
    rooms = storm_rooms(stormy)
    users = stormy.users(CLIENTS)
    replica = stormy.cluster.replicas[1]
    await stop(replica)
    async with stormy.client(users[0], 0) as sender:
        await send_missed(sender, rooms)
    await start(replica)
    logged = log_size(stormy)
    seen = await asyncio.gather(*(reconnect_once(stormy, each, rooms) for each in users))
    statements = statements_since(stormy, logged)
    assert len(statements) <= 2 * CLIENTS
    for room in rooms:
        assert 1 <= sum(reads_log(each, room) for each in statements) <= MAX_READS_OF_A_ROOM
    expected = [(room, seq) for room in rooms for seq in range(1, MISSED + 1)]
    assert all(sorted(each) == expected and in_order(each) for each in seen)


async def reconnect_once(stage: Stage, user: Account, rooms: list[int]) -> list[tuple[int, int]]:
    """Connect and subscribe once. Return the room and the seq of each replayed message."""
    seen: list[tuple[int, int]] = []
    live: set[int] = set()
    address = stage.address(1)
    headers = {"Origin": f"http://{address}", "Sec-WebSocket-Protocol": "hubbub.v1"}
    reader, writer = await asyncio.open_connection(*address.split(":"))
    try:
        async with asyncio.timeout(LIVE_SECONDS):
            writer.write(handshake(address, "/ws/", user.headers | headers))
            await reader.readuntil(b"\r\n\r\n")
            while live != set(rooms):
                _, payload = await read_frame(reader)
                received = json.loads(payload)
                match received["type"]:
                    case "welcome":
                        asked = {"type": "subscribe", "rooms": dict.fromkeys(map(str, rooms), 0)}
                        writer.write(frame(json.dumps(asked).encode()))
                    case "message.created":
                        assert received["room"] not in live
                        seen.append((received["room"], received["seq"]))
                    case "subscribed":
                        assert received["resumed"]
                        live.add(received["room"])
    finally:
        writer.close()
    return seen


async def test_rejected_clients_get_the_reason_and_all_others_resume(stormy: Stage) -> None:
    async with storm(stormy) as the_storm:
        expired, banned, *others = the_storm.clients
        key = expired.headers["Cookie"].partition("=")[2]
        expire = "UPDATE django_session SET expire_date = now() WHERE session_key = %s"
        run_sql(stormy, expire, key)
        ban = "UPDATE accounts_user SET banned_at = now() WHERE username = %s"
        run_sql(stormy, ban, banned.name)
        try:
            await the_storm.reconnect()
        finally:
            run_sql(stormy, "UPDATE accounts_user SET banned_at = NULL")
            run_sql(stormy, "UPDATE django_session SET expire_date = now() + interval '1 day'")
        assert (expired.stop_code, banned.stop_code) == (4501, 4502)
        assert {client.stop_code for client in others} == {None}
        assert all(all(resumed(client)) for client in others)
        await stormy.assert_consistent([the_storm.sender, *others])


async def test_a_user_banned_during_the_storm_is_disconnected(stormy: Stage) -> None:
    async with storm(stormy) as the_storm:
        banned = the_storm.clients[-1]
        user, alice = stormy.user(banned.name), stormy.user("alice")
        reconnecting = asyncio.create_task(the_storm.reconnect())
        first = the_storm.clients[0]
        await first.wait_until(lambda: connection_count(first) == 2, LIVE_SECONDS)
        chosen = {"action": "ban", "_selected_action": str(user.id)}
        await asyncio.to_thread(stormy.post_form, alice, "/admin/accounts/user/", **chosen)
        await banned.wait_until(lambda: banned.stop_code, LIVE_SECONDS)
        assert banned.stop_code == 4502
        await reconnecting
        assert [client for client in the_storm.clients if client.stop_code] == [banned]


def in_order(seen: list[tuple[int, int]]) -> bool:
    """Return whether the messages of each room came in order of seq."""
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

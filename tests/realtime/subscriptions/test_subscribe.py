"""`subscribe` commands that have to wait: access is checked again, and the queue is limited."""

import asyncio
import json
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

import pytest
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.actions import members, rooms
from hubbub.chat.log_entries import read_log
from hubbub.chat.models import Room
from hubbub.realtime.commands.handlers import MAX_QUEUED_SUBSCRIBES, Commands
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.connections.transport import AsgiTransport
from hubbub.realtime.db.executors import close_all_connections, run_action, run_query
from hubbub.realtime.lifecycle.replica import Replica

pytestmark = pytest.mark.django_db(transaction=True)

Frames = list[dict[str, Any]]


class FakeClient:
    """A client that reads nothing until `reads` is set."""

    def __init__(self, replica: Replica, user: User, *rooms: Room) -> None:
        self.reads = asyncio.Event()
        self.received: Frames = []
        self._has_received = asyncio.Event()
        identity = Identity(user, None, None, {room.pk: room.seq for room in rooms})
        self.connection = Connection(AsgiTransport(self._receive), identity)
        replica.hub.connections.add(self.connection)
        self._commands = Commands(replica.command_services, self.connection)

    def command(self, type: str, **fields: Any) -> None:
        self._commands.receive(json.dumps({"type": type} | fields))

    async def wait_until(self, condition: Callable[[Frames], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition(self.received):
                self._has_received.clear()
                await self._has_received.wait()

    async def _receive(self, message: MutableMapping[str, Any]) -> None:
        await self.reads.wait()
        self.received.append(json.loads(message["text"]))
        self._has_received.set()


def run(scenario: Callable[[Replica], Coroutine[Any, Any, None]]) -> None:
    async def run_scenario() -> None:
        replica = Replica()
        try:
            await scenario(replica)
        finally:
            await replica.group_commit.close()
            await close_all_connections()

    asyncio.run(run_scenario())


def test_a_user_removed_while_their_subscribe_waits_does_not_go_live(
    alice: User, bob: User, charlie: User
) -> None:
    first = rooms.create(alice, name="first", kind="private")
    second = rooms.create(alice, name="second", kind="private")
    for room in (first, second):
        for user in (bob, charlie):
            members.invite(alice, room_id=room.pk, user_id=user.pk)
    for room in (first, second):
        room.refresh_from_db()

    async def scenario(replica: Replica) -> None:
        bob_client, charlie_client = (
            FakeClient(replica, user, first, second) for user in (bob, charlie)
        )
        charlie_client.reads.set()
        bob_client.command("ping")  # the client does not read the answer, so the subscribe waits
        bob_client.command("subscribe", rooms={str(first.pk): 0, str(second.pk): None})
        await replica.hub.wait_for_join_request(10)
        assert replica.hub.local_rooms.keys() == {first.pk, second.pk}
        await run_action(members.remove, alice, room_id=second.pk, user_id=bob.pk)
        events = await run_query(read_log, second.pk, second.seq, 10)
        assert [event.type for event in events] == ["member.left"]
        replica.hub.local_rooms[second.pk].receive(events)  # the bus calls this, too
        charlie_client.command("subscribe", rooms={str(second.pk): None})
        await charlie_client.wait_until(
            lambda received: received[-1:] != [] and received[-1]["type"] == "subscribed"
        )
        bob_client.reads.set()
        await bob_client.wait_until(
            lambda received: received[-1:] != [] and received[-1].get("room") == second.pk
        )
        assert (bob_client.received[-1]["type"], bob_client.received[-1].get("code")) == (
            "problem",
            "not_found",
        )
        assert bob_client.connection.rooms == {first.pk}

    run(scenario)


def test_only_a_few_subscribes_wait_behind_one_that_stalls(alice: User, lobby: Room) -> None:
    count = MAX_QUEUED_SUBSCRIBES + 10

    async def scenario(replica: Replica) -> None:
        client = FakeClient(replica, alice, lobby)
        client.command("ping")
        for number in range(count):
            client.command("subscribe", rooms={str(lobby.pk): None}, ref=number)
        client.command("unsubscribe", room=lobby.pk, ref="the last")
        client.reads.set()
        await client.wait_until(lambda received: len(received) == 2 + count)
        assert (client.received[-1]["type"], client.received[-1]["ref"]) == ("ok", "the last")
        answers = [(frame["type"], frame.get("code")) for frame in client.received[1:]]
        assert answers.count(("problem", "rate_limited")) == 10
        assert answers.count(("subscribed", None)) == MAX_QUEUED_SUBSCRIBES
        client.received.clear()
        client.command("subscribe", rooms={str(lobby.pk): None})
        await client.wait_until(
            lambda received: [frame["type"] for frame in received] == ["subscribed"]
        )

    run(scenario)


def test_a_connection_can_subscribe_to_a_limited_number_of_rooms(
    alice: User, lobby: Room, settings: Settings
) -> None:
    settings.MAX_ROOMS_PER_CONNECTION = 1
    other = rooms.create(alice, name="other", kind="private")

    async def scenario(replica: Replica) -> None:
        client = FakeClient(replica, alice, lobby, other)
        client.reads.set()
        client.command("subscribe", rooms={str(lobby.pk): None})
        client.command("subscribe", rooms={str(other.pk): None}, ref="too many")
        client.command("unsubscribe", room=lobby.pk)
        client.command("subscribe", rooms={str(other.pk): None})
        await client.wait_until(lambda received: len(received) == 4)
        assert [frame["type"] for frame in client.received] == [
            "subscribed", "problem", "ok", "subscribed",
        ]  # fmt: skip
        assert (client.received[1]["code"], client.received[1]["ref"]) == ("invalid", "too many")

    run(scenario)

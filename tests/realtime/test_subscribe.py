"""Subscribes that have to wait: what is not theirs any more by then, and how many may wait."""

import asyncio
import json
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

import pytest
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.actions import members, rooms
from hubbub.chat.event_log import read_log
from hubbub.chat.models import Room
from hubbub.realtime.commands.handlers import MAX_QUEUED_SUBSCRIBES, Commands
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.connections.transport import AsgiTransport
from hubbub.realtime.db.executors import close_all_connections, run_action, run_query
from hubbub.realtime.lifecycle.replica import Replica

pytestmark = pytest.mark.django_db(transaction=True)

Frames = list[dict[str, Any]]


class Socket:
    """One whose other end reads nothing until it is told to."""

    def __init__(self, replica: Replica, user: User, *rooms: Room) -> None:
        self.reads = asyncio.Event()
        self.told: Frames = []
        self._heard = asyncio.Event()
        identity = Identity(user, None, None, {room.pk: room.seq for room in rooms})
        self.connection = Connection(AsgiTransport(self._hear), identity)
        replica.hub.add(self.connection)
        self._commands = Commands(replica, self.connection)

    def command(self, type: str, **fields: Any) -> None:
        self._commands.receive(json.dumps({"type": type} | fields))

    async def until(self, is_enough: Callable[[Frames], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_enough(self.told):
                self._heard.clear()
                await self._heard.wait()

    async def _hear(self, message: MutableMapping[str, Any]) -> None:
        await self.reads.wait()
        self.told.append(json.loads(message["text"]))
        self._heard.set()


def run(scenario: Callable[[Replica], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        replica = Replica()
        try:
            await scenario(replica)
        finally:
            await replica.group_commit.close()
            await close_all_connections()

    asyncio.run(whole())


def test_who_is_put_out_while_a_subscribe_waits_does_not_go_live(
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
        bobs, charlies = (Socket(replica, user, first, second) for user in (bob, charlie))
        charlies.reads.set()
        bobs.command("ping")  # its answer is not read, so that what follows waits
        bobs.command("subscribe", rooms={str(first.pk): 0, str(second.pk): None})
        async with asyncio.timeout(10):
            await replica.hub.wait_for_join_request(10)  # the rooms are followed
        await run_action(members.remove, alice, room_id=second.pk, user_id=bob.pk)
        events = await run_query(read_log, second.pk, second.seq, 10)
        assert [event.type for event in events] == ["member.left"]
        replica.hub.local_rooms[second.pk].receive(events)  # as the bus does
        charlies.command("subscribe", rooms={str(second.pk): None})
        await charlies.until(lambda told: told[-1:] != [] and told[-1]["type"] == "subscribed")
        bobs.reads.set()
        await bobs.until(lambda told: told[-1:] != [] and told[-1].get("room") == second.pk)
        assert (bobs.told[-1]["type"], bobs.told[-1].get("code")) == ("problem", "not_found")
        assert bobs.connection.rooms == {first.pk}

    run(scenario)


def test_behind_a_subscribe_that_stalls_not_more_than_a_few_wait(alice: User, lobby: Room) -> None:
    asked = MAX_QUEUED_SUBSCRIBES + 10

    async def scenario(replica: Replica) -> None:
        socket = Socket(replica, alice, lobby)
        socket.command("ping")
        for number in range(asked):
            socket.command("subscribe", rooms={str(lobby.pk): None}, ref=number)
        socket.command("unsubscribe", room=lobby.pk, ref="the last")
        socket.reads.set()
        await socket.until(lambda told: len(told) == 2 + asked)
        assert (socket.told[-1]["type"], socket.told[-1]["ref"]) == ("ok", "the last")
        answers = [(frame["type"], frame.get("code")) for frame in socket.told[1:]]
        assert answers.count(("problem", "rate_limited")) == 10
        assert answers.count(("subscribed", None)) == MAX_QUEUED_SUBSCRIBES
        socket.told.clear()
        socket.command("subscribe", rooms={str(lobby.pk): None})
        await socket.until(lambda told: [frame["type"] for frame in told] == ["subscribed"])

    run(scenario)


def test_a_socket_has_so_many_rooms_open_and_not_more(
    alice: User, lobby: Room, settings: Settings
) -> None:
    settings.MAX_ROOMS_PER_CONNECTION = 1
    other = rooms.create(alice, name="other", kind="private")

    async def scenario(replica: Replica) -> None:
        socket = Socket(replica, alice, lobby, other)
        socket.reads.set()
        socket.command("subscribe", rooms={str(lobby.pk): None})
        socket.command("subscribe", rooms={str(other.pk): None}, ref="too many")
        socket.command("unsubscribe", room=lobby.pk)
        socket.command("subscribe", rooms={str(other.pk): None})
        await socket.until(lambda told: len(told) == 4)
        assert [frame["type"] for frame in socket.told] == [
            "subscribed", "problem", "ok", "subscribed",
        ]  # fmt: skip
        assert (socket.told[1]["code"], socket.told[1]["ref"]) == ("invalid", "too many")

    run(scenario)

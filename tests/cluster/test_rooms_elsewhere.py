"""What a socket hears of rooms that it has not subscribed: on either replica, to members only."""

import asyncio
from collections.abc import Callable
from typing import Any

from loadtests.lib.client import Client
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, opened

Frame = dict[str, Any]
SOON_SECONDS = 6


async def test_members_elsewhere_are_told_that_a_room_has_news(stage: Stage) -> None:
    alice, bob = stage.users(2)
    room, open_room = stage.room([alice, bob]), stage.room([alice, bob])
    writing, elsewhere = stage.client(alice, 0), stage.client(bob, 1)
    async with opened([writing], room), opened([elsewhere], open_room):
        answer = await writing.send(room, "news")
        message = answer["message"]
        await hears(
            elsewhere,
            lambda frame: (
                frame["type"] == "room.bumped"
                and (frame["room"], frame["seq"], frame["number"])
                == (room, message["seq"], message["number"])
            ),
        )


async def test_a_room_is_added_changed_and_removed_while_another_is_open(stage: Stage) -> None:
    alice, bob, charlie = stage.users(3)
    open_room = stage.room([alice, bob, charlie])
    clients = [stage.client(bob, 0), stage.client(bob, 1)]
    stranger = stage.client(charlie, 1)
    async with opened([*clients, stranger], open_room):
        room = await asyncio.to_thread(stage.room, [alice, bob])
        await all_hear(clients, "room.added", lambda frame: frame["room_info"]["id"] == room)
        path = f"/rooms/{room}"
        await asyncio.to_thread(stage.rest, alice, "PATCH", path, name=f"Orchard {room}")
        await all_hear(
            clients,
            "room.changed",
            lambda frame: frame["room_info"]["name"] == f"Orchard {room}",
        )
        await asyncio.to_thread(stage.rest, alice, "POST", f"{path}/archive")
        await all_hear(clients, "room.removed", lambda frame: told(frame, room, "archived"))
        await asyncio.to_thread(stage.rest, alice, "POST", f"{path}/restore")
        await asyncio.to_thread(stage.rest, alice, "DELETE", f"{path}/members/{bob.id}")
        await all_hear(clients, "room.removed", lambda frame: told(frame, room, "removed"))
        assert not [frame for frame in stranger.protocol.notifications if is_about(frame, room)]


async def test_what_was_read_in_one_tab_is_read_in_the_other(stage: Stage) -> None:
    alice, bob = stage.users(2)
    room = stage.room([alice, bob])
    tabs = [stage.client(bob, 0), stage.client(bob, 1)]
    async with opened(tabs, room):
        message = await asyncio.to_thread(write, stage, alice, room)
        await tabs[0].write(f'{{"type": "read", "room": {room}, "number": {message["number"]}}}')
        await all_hear(
            tabs,
            "room.read",
            lambda frame: (frame["room"], frame["number"]) == (room, message["number"]),
        )


def write(stage: Stage, person: Account, room: int) -> Frame:
    path = f"/rooms/{room}/messages"
    message: Frame = stage.rest(person, "POST", path, body="read me")
    return message


async def all_hear(clients: list[Client], type: str, is_meant: Callable[[Frame], bool]) -> None:
    for client in clients:
        await hears(client, lambda frame: frame["type"] == type and is_meant(frame))


async def hears(client: Client, is_meant: Callable[[Frame], bool]) -> None:
    await client.wait_until(
        lambda: any(is_meant(frame) for frame in client.protocol.notifications), within=SOON_SECONDS
    )


def told(frame: Frame, room: int, reason: str) -> bool:
    return bool((frame["room"], frame["reason"]) == (room, reason))


def is_about(frame: Frame, room: int) -> bool:
    return room in (frame.get("room"), frame.get("room_info", {}).get("id"))

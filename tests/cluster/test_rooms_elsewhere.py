"""Members are notified about rooms that they have not subscribed to, on both replicas."""

import asyncio
from collections.abc import Callable
from typing import Any

from loadtests.lib.client import Client
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, opened

Frame = dict[str, Any]
SOON_SECONDS = 6


async def test_members_who_have_another_room_open_get_a_bump(stage: Stage) -> None:
    alice, bob = stage.users(2)
    room, open_room = stage.room([alice, bob]), stage.room([alice, bob])
    sender, elsewhere = stage.client(alice, 0), stage.client(bob, 1)
    async with opened([sender], room), opened([elsewhere], open_room):
        answer = await sender.send(room, "news")
        message = answer["message"]
        await wait_for(
            elsewhere,
            lambda frame: (
                frame["type"] == "room.bumped"
                and (frame["room"], frame["seq"], frame["number"])
                == (room, message["seq"], message["number"])
            ),
        )


async def test_rooms_are_added_changed_and_removed_while_another_is_open(stage: Stage) -> None:
    alice, bob, charlie = stage.users(3)
    open_room = stage.room([alice, bob, charlie])
    clients = [stage.client(bob, 0), stage.client(bob, 1)]
    stranger = stage.client(charlie, 1)
    async with opened([*clients, stranger], open_room):
        room = await asyncio.to_thread(stage.room, [alice, bob])
        await wait_for_all(clients, "room.added", lambda frame: frame["room_info"]["id"] == room)
        path = f"/rooms/{room}"
        await asyncio.to_thread(stage.rest, alice, "PATCH", path, name=f"Orchard {room}")
        await wait_for_all(
            clients,
            "room.changed",
            lambda frame: frame["room_info"]["name"] == f"Orchard {room}",
        )
        await asyncio.to_thread(stage.rest, alice, "POST", f"{path}/archive")
        await wait_for_all(
            clients, "room.removed", lambda frame: is_removal(frame, room, "archived")
        )
        await asyncio.to_thread(stage.rest, alice, "POST", f"{path}/restore")
        await asyncio.to_thread(stage.rest, alice, "DELETE", f"{path}/members/{bob.id}")
        await wait_for_all(
            clients, "room.removed", lambda frame: is_removal(frame, room, "removed")
        )
        assert not [frame for frame in stranger.protocol.notifications if is_about(frame, room)]


async def test_a_read_mark_of_one_tab_reaches_the_other(stage: Stage) -> None:
    alice, bob = stage.users(2)
    room = stage.room([alice, bob])
    tabs = [stage.client(bob, 0), stage.client(bob, 1)]
    async with opened(tabs, room):
        message = await asyncio.to_thread(send, stage, alice, room)
        await tabs[0].write(f'{{"type": "read", "room": {room}, "number": {message["number"]}}}')
        await wait_for_all(
            tabs,
            "room.read",
            lambda frame: (frame["room"], frame["number"]) == (room, message["number"]),
        )


def send(stage: Stage, user: Account, room: int) -> Frame:
    path = f"/rooms/{room}/messages"
    message: Frame = stage.rest(user, "POST", path, body="read me")
    return message


async def wait_for_all(
    clients: list[Client], type: str, is_expected: Callable[[Frame], bool]
) -> None:
    for client in clients:
        await wait_for(client, lambda frame: frame["type"] == type and is_expected(frame))


async def wait_for(client: Client, is_expected: Callable[[Frame], bool]) -> None:
    await client.wait_until(
        lambda: any(is_expected(frame) for frame in client.protocol.notifications),
        within=SOON_SECONDS,
    )


def is_removal(frame: Frame, room: int, reason: str) -> bool:
    return bool((frame["room"], frame["reason"]) == (room, reason))


def is_about(frame: Frame, room: int) -> bool:
    return room in (frame.get("room"), frame.get("room_info", {}).get("id"))

"""A stranger can neither read nor change a private room, over the socket or over REST."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.rest import RefusedError
from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, bodies, opened

NOT_FOUND = 404


async def test_a_stranger_is_refused_over_the_socket(stage: Stage) -> None:
    members, stranger, room, message = await private_room_with_message(stage)
    async with stage.client(stranger) as client:
        for command, fields in commands(room, message).items():
            answer = await client.command(command, retry=False, **fields)
            assert answer.get("code") == "not_found", (command, answer)
        with pytest.raises(KeyError):
            await client.open(room, Start.BEGINNING)
        assert client.protocol.notifications[-1]["code"] == "not_found"
        assert "among members" not in str(client.history.entries)
    await assert_unchanged(stage, members, room)


async def test_a_stranger_is_refused_over_rest(stage: Stage) -> None:
    members, stranger, room, message = await private_room_with_message(stage)
    for method, path, body in requests(room, message, stranger):
        with pytest.raises(RefusedError) as refused:
            await asyncio.to_thread(stage.rest, stranger, method, path, **body)
        assert refused.value.status == NOT_FOUND, (method, path)
        assert "among members" not in str(refused.value.problem)
    await assert_unchanged(stage, members, room)


async def test_the_owner_of_the_workspace_is_a_stranger_too(stage: Stage) -> None:
    _, _, room, _ = await private_room_with_message(stage)
    alice = stage.user("alice")
    with pytest.raises(RefusedError) as refused:
        await asyncio.to_thread(stage.rest, alice, "GET", f"/rooms/{room}/messages")
    assert refused.value.status == NOT_FOUND
    async with stage.client(alice) as client:
        with pytest.raises(KeyError):
            await client.open(room)


async def test_a_reader_of_a_public_room_has_to_join_it_first(stage: Stage) -> None:
    owner, reader = stage.users(2)
    room = stage.room([owner], kind="public")
    async with stage.client(owner, 0) as member, stage.client(reader, 1) as client:
        await member.open(room)
        message = (await member.send(room, "before"))["message"]["id"]
        with pytest.raises(KeyError):
            await client.open(room)
        assert client.protocol.notifications[-1]["code"] == "forbidden"
        for command, fields in commands(room, message).items():
            answer = await client.command(command, retry=False, **fields)
            assert answer.get("code") == "forbidden", (command, answer)
        received = len(client.protocol.notifications)
        await client.write(f'{{"type": "typing", "room": {room}}}')
        await client.wait_until(lambda: len(client.protocol.notifications) > received)
        assert client.protocol.notifications[-1]["code"] == "forbidden"
        await asyncio.to_thread(stage.rest, reader, "POST", f"/rooms/{room}/join")
        await client.open(room)
        assert bodies(client, room) == ["before"]


async def private_room_with_message(stage: Stage) -> tuple[Sequence[Account], Account, int, int]:
    """Return the members, a stranger, their room and a message in it."""
    *members, stranger = stage.users(3)
    room = stage.room(members)
    async with stage.client(members[0]) as client:
        await client.open(room)
        answer = await client.send(room, "among members")
    return members, stranger, room, answer["message"]["id"]


def commands(room: int, message: int) -> dict[str, dict[str, Any]]:
    return {
        "message.send": {"room": room, "nonce": f"stranger-{room}", "body": "let me in"},
        "message.edit": {"message": message, "body": "changed"},
        "message.delete": {"message": message},
        "read": {"room": room, "number": 1},
    }


def requests(room: int, message: int, stranger: Account) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("GET", f"/rooms/{room}", {}),
        ("GET", f"/rooms/{room}/messages", {}),
        ("GET", f"/rooms/{room}/members", {}),
        ("POST", f"/rooms/{room}/messages", {"body": "let me in"}),
        ("POST", f"/rooms/{room}/members", {"user": stranger.id}),
        ("POST", f"/rooms/{room}/join", {}),
        ("PATCH", f"/rooms/{room}", {"topic": "changed"}),
        ("PATCH", f"/messages/{message}", {"body": "changed"}),
        ("DELETE", f"/messages/{message}", {}),
    ]


async def assert_unchanged(stage: Stage, members: Sequence[Account], room: int) -> None:
    clients: list[Client] = [stage.client(user, n) for n, user in enumerate(members)]
    async with opened(clients, room):
        await stage.settle(room, clients)
        assert all(bodies(client, room) == ["among members"] for client in clients)
        await stage.assert_consistent(clients)

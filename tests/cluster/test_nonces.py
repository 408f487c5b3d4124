"""A nonce identifies one message, however often it is sent; concurrent writes never deadlock."""

import asyncio
from collections.abc import Sequence

from loadtests.lib.client import Client
from loadtests.lib.client.history import CommandAnswered
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, bodies, opened, sending

TIMES = 20


async def test_the_same_nonce_on_two_replicas_at_the_same_moment(stage: Stage) -> None:
    [alice] = users = stage.users(1)
    room = stage.room(users)
    tabs = two_tabs(stage, alice)
    async with opened(tabs, room):
        for number in range(TIMES):
            await assert_sent_once(tabs, [room, room], f"{room}-{number}")
        await stage.settle(room, tabs)
        assert len(bodies(tabs[0], room)) == TIMES
        await stage.assert_consistent(tabs)


async def test_the_same_nonce_in_two_rooms_at_the_same_moment(stage: Stage) -> None:
    [alice] = users = stage.users(1)
    rooms = [stage.room(users), stage.room(users)]
    tabs = two_tabs(stage, alice)
    async with opened(tabs, rooms[0]):
        for tab in tabs:
            await tab.open(rooms[1])
        for number in range(TIMES):
            await assert_sent_once(tabs, rooms, f"{rooms[0]}-{number}")
        for room in rooms:
            await stage.settle(room, tabs)
        assert sum(len(bodies(tabs[0], room)) for room in rooms) == TIMES
        await stage.assert_consistent(tabs)


async def test_sends_into_many_rooms_from_two_replicas_never_wait_for_a_lock(stage: Stage) -> None:
    users = stage.users(8)
    rooms = [stage.room(users) for _ in range(10)]
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, rooms[0]):
        for room in rooms[1:]:
            await asyncio.gather(*(client.open(room) for client in clients))
        rotated = [rooms[number:] + rooms[:number] for number in range(len(clients))]
        async with asyncio.TaskGroup() as group:
            for client, own in zip(clients, rotated, strict=True):
                group.create_task(send_to_all(client, own))
        for room in rooms:
            await stage.settle(room, clients)
        answers = [
            one
            for client in clients
            for one in client.history.entries
            if isinstance(one, CommandAnswered)
        ]
        assert {one.code for one in answers} == {None}, "a send waited for a lock"
        await stage.assert_consistent(clients)


async def test_removals_edits_and_deletions_race_with_sends(stage: Stage) -> None:
    users = stage.users(4)
    room = stage.room(users)
    removed = stage.client(users[3], 1)
    others = [stage.client(user, number % 2) for number, user in enumerate(users[:3])]
    async with opened([*others, removed], room):
        sent = [(await others[1].send(room, f"draft {number}"))["message"] for number in range(6)]
        async with sending(others[:2], [room], pause_seconds=0.01):
            sends = [asyncio.create_task(removed.send(room, f"late {n}")) for n in range(40)]
            changes = [
                asyncio.to_thread(
                    stage.rest, users[0], "DELETE", f"/rooms/{room}/members/{users[3].id}"
                ),
                *(edit(others[1], message["id"]) for message in sent[:4]),
                *(delete(stage, users[0], message["id"]) for message in sent[2:]),
            ]
            await asyncio.gather(*changes)
            answers = [(await send).get("code") for send in sends]
        assert set(answers) <= {None, "not_found", "forbidden"}
        await stage.settle(room, others)
        await stage.assert_consistent(others, left_early=[removed])
    assert_nothing_sent_after_leaving(stage, room, users[3])
    deleted = [
        one for one in stage.log().messages_of(room) if one.id in {m["id"] for m in sent[2:]}
    ]
    assert [(one.deleted, one.body) for one in deleted] == [(True, "")] * 4


def two_tabs(stage: Stage, user: Account) -> list[Client]:
    tabs = [stage.client(user, replica) for replica in (0, 1)]
    for number, tab in enumerate(tabs):
        tab.name = tab.history.name = f"{user.username}, tab {number}"
    return tabs


async def assert_sent_once(tabs: Sequence[Client], rooms: Sequence[int], nonce: str) -> None:
    answers = await asyncio.gather(
        *(
            tab.send(room, f"from {tab.name}", nonce=nonce)
            for tab, room in zip(tabs, rooms, strict=True)
        )
    )
    first, second = (answer["message"] for answer in answers)
    assert (first["id"], first["body"]) == (second["id"], second["body"])


async def send_to_all(client: Client, rooms: Sequence[int]) -> None:
    for number in range(3):
        answers = await asyncio.gather(
            *(client.send(room, f"{client.name} {number}") for room in rooms)
        )
        assert all(answer["type"] == "ok" for answer in answers)


async def edit(client: Client, message: int) -> None:
    answer = await client.command("message.edit", message=message, body="edited")
    assert answer["type"] == "ok" or answer["code"] == "forbidden", answer


async def delete(stage: Stage, user: Account, message: int) -> None:
    await asyncio.to_thread(stage.rest, user, "DELETE", f"/messages/{message}")


def assert_nothing_sent_after_leaving(stage: Stage, room: int, user: Account) -> None:
    log = stage.log()
    left = next(event.seq for event in log.rooms[room] if event.type == "member.left")
    sent = [one.seq for one in log.messages_of(room) if one.sender == user.id]
    assert all(seq < left for seq in sent)

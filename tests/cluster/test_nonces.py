"""A nonce names one message, wherever and however often it is sent; writers never deadlock."""

import asyncio
from collections.abc import Sequence

from loadtests.lib.client import Client
from loadtests.lib.client.history import CommandAnswered
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, bodies, opened, sending

TIMES = 20


async def test_the_same_nonce_at_the_same_moment_on_two_replicas(stage: Stage) -> None:
    [alice] = people = stage.users(1)
    room = stage.room(people)
    tabs = two_tabs(stage, alice)
    async with opened(tabs, room):
        for number in range(TIMES):
            await sent_once(tabs, [room, room], f"{room}-{number}")
        await stage.settle(room, tabs)
        assert len(bodies(tabs[0], room)) == TIMES
        await stage.assert_consistent(tabs)


async def test_the_same_nonce_at_the_same_moment_in_two_rooms(stage: Stage) -> None:
    [alice] = people = stage.users(1)
    rooms = [stage.room(people), stage.room(people)]
    tabs = two_tabs(stage, alice)
    async with opened(tabs, rooms[0]):
        for tab in tabs:
            await tab.open(rooms[1])
        for number in range(TIMES):
            await sent_once(tabs, rooms, f"{rooms[0]}-{number}")
        for room in rooms:
            await stage.settle(room, tabs)
        assert sum(len(bodies(tabs[0], room)) for room in rooms) == TIMES
        await stage.assert_consistent(tabs)


async def test_writers_into_many_rooms_from_two_replicas(stage: Stage) -> None:
    people = stage.users(8)
    rooms = [stage.room(people) for _ in range(10)]
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, rooms[0]):
        for room in rooms[1:]:
            await asyncio.gather(*(client.open(room) for client in clients))
        turned = [rooms[number:] + rooms[:number] for number in range(len(clients))]
        async with asyncio.TaskGroup() as writers:
            for client, own in zip(clients, turned, strict=True):
                writers.create_task(write(client, own))
        for room in rooms:
            await stage.settle(room, clients)
        answers = [
            one
            for client in clients
            for one in client.history.entries
            if isinstance(one, CommandAnswered)
        ]
        assert {one.code for one in answers} == {None}, "somebody had to wait for a lock"
        await stage.assert_consistent(clients)


async def test_a_removal_an_edit_and_a_deletion_race_sends(stage: Stage) -> None:
    people = stage.users(4)
    room = stage.room(people)
    removed = stage.client(people[3], 1)
    others = [stage.client(person, number % 2) for number, person in enumerate(people[:3])]
    async with opened([*others, removed], room):
        said = [(await others[1].send(room, f"draft {number}"))["message"] for number in range(6)]
        async with sending(others[:2], [room], pause_seconds=0.01):
            sends = [asyncio.create_task(removed.send(room, f"late {n}")) for n in range(40)]
            changes = [
                asyncio.to_thread(
                    stage.rest, people[0], "DELETE", f"/rooms/{room}/members/{people[3].id}"
                ),
                *(edit(others[1], message["id"]) for message in said[:4]),
                *(delete(stage, people[0], message["id"]) for message in said[2:]),
            ]
            await asyncio.gather(*changes)
            answers = [(await send).get("code") for send in sends]
        assert set(answers) <= {None, "not_found", "forbidden"}
        await stage.settle(room, others)
        await stage.assert_consistent(others, left_early=[removed])
    assert_nothing_said_after_leaving(stage, room, people[3])
    deleted = [
        one for one in stage.log().messages_of(room) if one.id in {m["id"] for m in said[2:]}
    ]
    assert [(one.deleted, one.body) for one in deleted] == [(True, "")] * 4


def two_tabs(stage: Stage, person: Account) -> list[Client]:
    tabs = [stage.client(person, replica) for replica in (0, 1)]
    for number, tab in enumerate(tabs):
        tab.name = tab.history.name = f"{person.username}, tab {number}"
    return tabs


async def sent_once(tabs: Sequence[Client], rooms: Sequence[int], nonce: str) -> None:
    answers = await asyncio.gather(
        *(
            tab.send(room, f"from {tab.name}", nonce=nonce)
            for tab, room in zip(tabs, rooms, strict=True)
        )
    )
    first, second = (answer["message"] for answer in answers)
    assert (first["id"], first["body"]) == (second["id"], second["body"])


async def write(client: Client, rooms: Sequence[int]) -> None:
    for number in range(3):
        answers = await asyncio.gather(
            *(client.send(room, f"{client.name} {number}") for room in rooms)
        )
        assert all(answer["type"] == "ok" for answer in answers)


async def edit(client: Client, message: int) -> None:
    answer = await client.command("message.edit", message=message, body="edited")
    assert answer["type"] == "ok" or answer["code"] == "forbidden", answer


async def delete(stage: Stage, person: Account, message: int) -> None:
    await asyncio.to_thread(stage.rest, person, "DELETE", f"/messages/{message}")


def assert_nothing_said_after_leaving(stage: Stage, room: int, person: Account) -> None:
    log = stage.log()
    left = next(event.seq for event in log.rooms[room] if event.type == "member.left")
    said = [one.seq for one in log.messages_of(room) if one.sender == person.id]
    assert all(seq < left for seq in said)

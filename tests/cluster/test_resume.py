"""Who comes back gets what was missed, in order and once, and nothing that is gone."""

import asyncio

from loadtests.lib.client import Client
from loadtests.lib.client.history import Subscribed
from loadtests.lib.client.subscription import Start
from tests.cluster.stage import Stage, bodies, opened

SECRET = "the password is swordfish"


async def test_on_the_same_replica_and_on_the_other_one(stage: Stage) -> None:
    people = stage.users(3)
    room = stage.room(people)
    staying = stage.client(people[0], 0)
    returning = [stage.client(people[1], 0), stage.client(people[2], 1)]
    async with opened([staying, *returning], room):
        kept = (await staying.send(room, "before"))["message"]["id"]
        await stage.settle(room, returning)
        for client in returning:
            client.addresses = [stage.address(0)]
            await client.drop_connection()
        for number in range(30):
            await staying.send(room, f"missed {number}")
        await staying.command("message.edit", message=kept, body="edited meanwhile")
        await stage.settle(room, [staying, *returning])
        assert all(bodies(client, room)[0] == "edited meanwhile" for client in returning)
        for client in returning:
            await subscribed(client, 2)
            assert resumed(client) == [True, True]
        await stage.assert_consistent([staying, *returning])


async def test_deleted_text_is_in_no_replay_and_no_page_and_no_quote(stage: Stage) -> None:
    people = stage.users(3)
    room = stage.room(people)
    staying = stage.client(people[0], 0)
    late = [stage.client(people[1], 0), stage.client(people[2], 1)]
    loading = stage.client(people[1], 1)
    async with opened([staying], room):
        secret = (await staying.send(room, SECRET))["message"]["id"]
        await staying.send(room, "a reply", reply_to=secret)
        await staying.command("message.edit", message=secret, body=f"{SECRET}!")
        await staying.command("message.delete", message=secret)
        await stage.settle(room, [staying])
        assert bodies(staying, room) == ["", "a reply"]
        async with opened(late, room), loading:
            await loading.open(room, Start.HISTORY)
            for client in (*late, loading):
                assert bodies(client, room) == ["", "a reply"]
                assert "swordfish" not in str(client.history.entries)
        pages = await asyncio.to_thread(
            stage.rest, people[1], "GET", f"/rooms/{room}/messages?around=2"
        )
        assert "swordfish" not in str(pages)


async def test_too_far_behind_the_room_is_loaded_anew(stage: Stage) -> None:
    people = stage.users(2)
    room = stage.room(people)
    staying, returning = stage.client(people[0], 0), stage.client(people[1], 1)
    async with opened([staying, returning], room):
        await staying.send(room, "before")
        await stage.settle(room, [returning])
        address = returning.addresses
        returning.addresses = ["127.0.0.1:1"]
        await returning.drop_connection()
        await asyncio.gather(*(staying.send(room, f"missed {n}") for n in range(150)))
        await asyncio.gather(*(staying.send(room, f"missed {n}") for n in range(150, 250)))
        returning.addresses = address
        await stage.settle(room, [staying, returning])
        assert resumed(returning) == [True, False]
        assert len(bodies(returning, room)) == 251
        await stage.assert_consistent([staying, returning])


async def test_a_position_above_the_rooms_last_seq_begins_anew(stage: Stage) -> None:
    [alice] = people = stage.users(1)
    room = stage.room(people)
    async with stage.client(alice) as client:
        await client.open(room)
        await client.send(room, "hello")
        await stage.settle(room, [client])
        client.subscription(room).position = 10_000
        await client.drop_connection()
        await client.wait_until(
            lambda: client.connected and client.subscription(room).position == 2
        )
        assert resumed(client) == [True, False]
        assert bodies(client, room) == ["hello"]


async def subscribed(client: Client, times: int) -> None:
    """Wait for the answer to a client's subscribe: its room may be complete a moment before."""
    await client.wait_until(lambda: len(resumed(client)) == times)


def resumed(client: Client) -> list[bool]:
    return [one.resumed for one in client.history.entries if isinstance(one, Subscribed)]

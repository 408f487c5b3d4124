"""A client that resumes gets what it missed, in order and once, but nothing that was deleted."""

import asyncio

from loadtests.lib.client import Client
from loadtests.lib.client.history import Subscribed
from loadtests.lib.client.subscription import Start
from tests.cluster.stage import Stage, bodies, opened

SECRET = "the password is swordfish"


async def test_a_client_resumes_on_the_same_replica_and_on_the_other(stage: Stage) -> None:
    users = stage.users(3)
    room = stage.room(users)
    staying = stage.client(users[0], 0)
    returning = [stage.client(users[1], 0), stage.client(users[2], 1)]
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
            await wait_for_subscribes(client, 2)
            assert resumed(client) == [True, True]
        await stage.assert_consistent([staying, *returning])


async def test_deleted_text_is_in_no_replay_page_or_quote(stage: Stage) -> None:
    users = stage.users(3)
    room = stage.room(users)
    staying = stage.client(users[0], 0)
    late = [stage.client(users[1], 0), stage.client(users[2], 1)]
    loading = stage.client(users[1], 1)
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
            stage.rest, users[1], "GET", f"/rooms/{room}/messages?around=2"
        )
        assert "swordfish" not in str(pages)


async def test_a_client_that_is_too_far_behind_loads_the_room_again(stage: Stage) -> None:
    users = stage.users(2)
    room = stage.room(users)
    staying, returning = stage.client(users[0], 0), stage.client(users[1], 1)
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


async def test_a_client_whose_position_is_above_the_rooms_seq_loads_the_room_again(
    stage: Stage,
) -> None:
    [alice] = users = stage.users(1)
    room = stage.room(users)
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


async def wait_for_subscribes(client: Client, count: int) -> None:
    """Wait until a client's `subscribe` commands have been answered.

    An answer can arrive after the last of the room's messages.
    """
    await client.wait_until(lambda: len(resumed(client)) == count)


def resumed(client: Client) -> list[bool]:
    return [one.resumed for one in client.history.entries if isinstance(one, Subscribed)]

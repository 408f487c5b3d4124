"""Messages sent on one replica arrive on the others once, in order and with the same seq."""

import asyncio

from tests.cluster.stage import Stage, bodies, open_all
from tests.support.probes import gaps_repaired


async def test_a_message_arrives_at_members_on_the_other_replica_with_the_same_seq(
    stage: Stage,
) -> None:
    users = stage.users(2)
    room = stage.room(users)
    async with stage.client(users[0], 0) as alice, stage.client(users[1], 1) as bob:
        await open_all([alice, bob], room)
        sent = await alice.send(room, "hello **there**")
        await bob.wait_until(lambda: bodies(bob, room))
        [shown] = bob.subscription(room).view.messages()
        assert shown == sent["message"]
        assert shown["html"] == "<p>hello <strong>there</strong></p>"
        await stage.settle(room, [alice, bob])
        await stage.assert_consistent([alice, bob])


async def test_many_messages_of_many_users_arrive_everywhere_once_and_in_order(
    stage: Stage,
) -> None:
    users = stage.users(6)
    room = stage.room(users)
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with asyncio.TaskGroup() as tabs:
        for client in clients:
            tabs.create_task(client.__aenter__())
    await open_all(clients, room)
    await asyncio.gather(
        *(
            client.send(room, f"{client.name} {number}")
            for client in clients
            for number in range(20)
        )
    )
    await stage.settle(room, clients)
    assert len(bodies(clients[0], room)) == 120
    await stage.assert_consistent(clients)


async def test_edits_deletions_and_replies_arrive(stage: Stage) -> None:
    users = stage.users(2)
    room = stage.room(users)
    async with stage.client(users[0], 0) as alice, stage.client(users[1], 1) as bob:
        await open_all([alice, bob], room)
        edited = (await alice.send(room, "to be edited"))["message"]["id"]
        deleted = (await alice.send(room, "to be deleted"))["message"]["id"]
        answer = await alice.command("message.edit", message=edited, body="edited")
        assert answer["message"]["body"] == "edited"
        assert (await alice.command("message.delete", message=deleted))["type"] == "ok"
        await bob.send(room, "a reply", reply_to=edited)
        await bob.wait_until(lambda: bodies(bob, room) == ["edited", "", "a reply"])
        reply = bob.subscription(room).view.messages()[-1]["reply_to"]
        assert (reply["id"], reply["sender"]["id"]) == (edited, users[0].id)
        await stage.settle(room, [alice, bob])
        await stage.assert_consistent([alice, bob])


async def test_a_message_sent_over_rest_arrives_on_both_replicas(stage: Stage) -> None:
    users = stage.users(2)
    room = stage.room(users)
    async with stage.client(users[0], 0) as alice, stage.client(users[1], 1) as bob:
        await open_all([alice, bob], room)
        posted = await asyncio.to_thread(
            stage.rest, users[0], "POST", f"/rooms/{room}/messages", body="by REST", nonce="rest"
        )
        for client in (alice, bob):
            await client.wait_until(lambda: bodies(client, room) == ["by REST"])
            assert client.subscription(room).view.messages()[0]["seq"] == posted["seq"]
        again = await bob.send(room, "from another user", nonce="rest")
        assert again["message"]["id"] != posted["id"]
        await stage.settle(room, [alice, bob])
        await stage.assert_consistent([alice, bob])


async def test_a_single_message_arrives_immediately(stage: Stage) -> None:
    """The message arrives over the bus, not through the sweep that finds lost messages."""
    users = stage.users(2)
    room = stage.room(users)
    async with stage.client(users[0], 0) as alice, stage.client(users[1], 1) as bob:
        await open_all([alice, bob], room)
        await alice.send(room, "the first one")
        await bob.wait_until(lambda: len(bodies(bob, room)) == 1)
        before = await asyncio.to_thread(gaps_repaired, stage.cluster.replicas)
        for number in range(2, 7):
            await alice.send(room, f"number {number}")
            await bob.wait_until(lambda: len(bodies(bob, room)) == number)
        # A busy machine can delay one of these messages for so long that a sweep reads it from the
        # log.
        assert await asyncio.to_thread(gaps_repaired, stage.cluster.replicas) <= before + 1

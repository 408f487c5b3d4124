"""All replicas agree on who has a room open; a user with several tabs counts once."""

from loadtests.lib.client import Client
from loadtests.lib.client.history import PresenceChanged
from tests.cluster.stage import Stage, opened

LEAVES_SECONDS = 5


async def test_joins_and_leaves_are_seen_on_both_replicas(stage: Stage) -> None:
    users = stage.users(4)
    room = stage.room(users)
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients[:2], room):
        await wait_until_online(clients[:2], room, {users[0].id, users[1].id})
        async with opened(clients[2:], room):
            await wait_until_online(clients, room, {user.id for user in users})
        await wait_until_online(clients[:2], room, {users[0].id, users[1].id})


async def test_a_user_leaves_with_their_last_tab(stage: Stage) -> None:
    users = stage.users(3)
    room = stage.room(users)
    watching, other = stage.client(users[0], 0), stage.client(users[1], 0)
    tabs = [stage.client(users[2], 0), stage.client(users[2], 1)]
    all_ids = {user.id for user in users}
    async with opened([watching, other], room), opened(tabs, room):
        await wait_until_online([watching], room, all_ids)
        await tabs[0].unsubscribe(room)
        # The leave of `other` is published after that of the tab. So once it arrives, `watching`
        # has received both.
        await other.unsubscribe(room)
        await wait_until_online([watching], room, all_ids - {users[1].id})
        await tabs[1].unsubscribe(room)
        await wait_until_online([watching], room, {users[0].id})


async def test_a_user_who_reconnects_immediately_never_leaves(stage: Stage) -> None:
    users = stage.users(2)
    room = stage.room(users)
    watching, reconnecting = stage.client(users[0], 0), stage.client(users[1], 1)
    both = {user.id for user in users}
    async with opened([watching, reconnecting], room):
        await wait_until_online([watching], room, both)
        reconnecting.addresses = [stage.address(0)]
        await reconnecting.drop_connection()
        await reconnecting.wait_until(
            lambda: reconnecting.connected and reconnecting.subscription(room).online == both
        )
        assert watching.subscription(room).online == both
        assert users[1].id not in users_seen_leaving(watching)


async def test_typing_is_shown_to_the_others_on_both_replicas(stage: Stage) -> None:
    users = stage.users(3)
    room = stage.room(users)
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, room):
        await clients[0].write(f'{{"type": "typing", "room": {room}}}')
        for client in clients[1:]:
            await client.wait_until(lambda: users_typing(client, room) == {users[0].id})
        assert users_typing(clients[0], room) == set()


async def wait_until_online(clients: list[Client], room: int, users: set[int]) -> None:
    for client in clients:
        await client.wait_until(
            lambda: client.subscription(room).online == users, within=LEAVES_SECONDS
        )
        assert client.subscription(room).online_count == len(users)


def users_typing(client: Client, room: int) -> set[int]:
    news = client.protocol.notifications
    return {
        one["user"]["id"] for one in news if one["type"] == "typing.started" and one["room"] == room
    }


def users_seen_leaving(client: Client) -> set[int]:
    return {
        user
        for one in client.history.entries
        if isinstance(one, PresenceChanged)
        for user in one.left
    }

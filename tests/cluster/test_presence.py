"""Who has the room open now: the same on all replicas, by person and not by tab."""

from loadtests.lib.client import Client
from loadtests.lib.client.history import PresenceChanged
from tests.cluster.stage import Stage, opened

LEAVES_SECONDS = 5


async def test_everybody_sees_who_comes_and_goes_on_either_replica(stage: Stage) -> None:
    people = stage.users(4)
    room = stage.room(people)
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients[:2], room):
        await all_see(clients[:2], room, {people[0].id, people[1].id})
        async with opened(clients[2:], room):
            await all_see(clients, room, {person.id for person in people})
        await all_see(clients[:2], room, {people[0].id, people[1].id})


async def test_a_person_leaves_with_the_last_of_their_tabs(stage: Stage) -> None:
    people = stage.users(3)
    room = stage.room(people)
    watching, other = stage.client(people[0], 0), stage.client(people[1], 0)
    tabs = [stage.client(people[2], 0), stage.client(people[2], 1)]
    everybody = {person.id for person in people}
    async with opened([watching, other], room), opened(tabs, room):
        await all_see([watching], room, everybody)
        await tabs[0].unsubscribe(room)
        await other.unsubscribe(room)  # told after the tab, and so the sign that both are known
        await all_see([watching], room, everybody - {people[1].id})
        await tabs[1].unsubscribe(room)
        await all_see([watching], room, {people[0].id})


async def test_who_comes_back_at_once_was_never_gone(stage: Stage) -> None:
    people = stage.users(2)
    room = stage.room(people)
    watching, blinking = stage.client(people[0], 0), stage.client(people[1], 1)
    both = {person.id for person in people}
    async with opened([watching, blinking], room):
        await all_see([watching], room, both)
        blinking.addresses = [stage.address(0)]
        await blinking.drop_connection()
        await blinking.wait_until(
            lambda: blinking.connected and blinking.subscription(room).online == both
        )
        assert watching.subscription(room).online == both
        assert people[1].id not in seen_leaving(watching)


async def test_who_types_is_shown_to_the_others_on_both_replicas(stage: Stage) -> None:
    people = stage.users(3)
    room = stage.room(people)
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, room):
        await clients[0].write(f'{{"type": "typing", "room": {room}}}')
        for client in clients[1:]:
            await client.wait_until(lambda: typing(client, room) == {people[0].id})
        assert typing(clients[0], room) == set()


async def all_see(clients: list[Client], room: int, people: set[int]) -> None:
    for client in clients:
        await client.wait_until(
            lambda: client.subscription(room).online == people, within=LEAVES_SECONDS
        )
        assert client.subscription(room).online_count == len(people)


def typing(client: Client, room: int) -> set[int]:
    news = client.protocol.notifications
    return {
        one["user"]["id"] for one in news if one["type"] == "typing.started" and one["room"] == room
    }


def seen_leaving(client: Client) -> set[int]:
    return {
        user
        for one in client.history.entries
        if isinstance(one, PresenceChanged)
        for user in one.left
    }

"""Every open page shows an event within 6 seconds, even if its bus message is lost or late."""

import time
from collections.abc import Iterator

import pytest

from loadtests.lib.servers import Cluster
from loadtests.lib.servers.process import ROOT
from tests.cluster.faulty_layer import LOST, NEWER
from tests.cluster.stage import ENVIRONMENT, Stage, bodies, elapse, opened, sending

pytestmark = pytest.mark.deployment

OPEN_PAGES_SECONDS = 6
# Less than the time for which a sweep waits for the bus before it reads the log.
SOON_SECONDS = 0.9
FAULTY = ENVIRONMENT | {
    "DJANGO_SETTINGS_MODULE": "tests.cluster.faulty_layer_settings",
    "PYTHONPATH": f"{ROOT / 'app'}:{ROOT}",
}

POST = """
from hubbub.accounts.models import User
from hubbub.chat.actions.send import send
send(User.objects.get(pk={user}), room_id={room}, nonce="unpublished-{room}", body="unpublished")
"""


@pytest.fixture(scope="module")
def faulty_stage(shared_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    servers = shared_stage.cluster
    with Cluster(postgres=servers.postgres, redis=servers.redis, environment=FAULTY) as cluster:
        yield Stage(cluster, tmp_path_factory.mktemp("faulty"), user_count=6)
        # If publishing failed, the replicas would read everything from the log, and this test would
        # not test the bus.
        assert not [one.port for one in cluster.replicas if "Can't publish" in one.tail(1_000)]


async def test_bus_messages_are_lost_repeated_and_reordered(faulty_stage: Stage) -> None:
    users = faulty_stage.users(6)
    rooms = [faulty_stage.room(users) for _ in range(2)]
    clients = [faulty_stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, rooms[0]):
        for client in clients:
            await client.open(rooms[1])
        async with sending(clients, rooms):
            await elapse(3)
        for room in rooms:
            await faulty_stage.settle(room, clients, within=OPEN_PAGES_SECONDS)
    await faulty_stage.assert_consistent(clients)


async def test_the_last_bus_message_of_a_room_is_lost(faulty_stage: Stage) -> None:
    users = faulty_stage.users(4)
    room = faulty_stage.room(users)
    clients = [faulty_stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, room):
        await clients[0].send(room, LOST)
        for client in clients:
            await client.wait_until(lambda: bodies(client, room), within=OPEN_PAGES_SECONDS)
    await faulty_stage.assert_consistent(clients)


async def test_a_bus_message_of_a_newer_version_makes_replicas_read_the_log_immediately(
    faulty_stage: Stage,
) -> None:
    users = faulty_stage.users(2)
    room = faulty_stage.room(users)
    clients = [faulty_stage.client(user, number) for number, user in enumerate(users)]
    delays = []
    async with opened(clients, room):
        for number in range(1, 11):
            await clients[0].send(room, NEWER)
            sent_at = time.monotonic()
            for client in clients:
                await client.wait_until(lambda: len(bodies(client, room)) == number)
            delays.append(time.monotonic() - sent_at)
    # Check only the fastest eight of ten messages: a busy machine can delay some messages, but a
    # sweep would delay all of them.
    assert sorted(delays)[-3] < SOON_SECONDS, delays
    await faulty_stage.assert_consistent(clients)


async def test_an_event_that_is_committed_but_never_published_arrives(stage: Stage) -> None:
    """The process dies after it has committed the event and before it publishes it.

    The test simulates this with an unreachable Redis, so that nothing is published.
    """
    users = stage.users(4)
    room = stage.room(users)
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, room):
        code = POST.format(user=users[0].id, room=room)
        stage.shell(code, REDIS_URL="redis://127.0.0.1:1/0")
        for client in clients:
            await client.wait_until(lambda: bodies(client, room), within=OPEN_PAGES_SECONDS)
    await stage.assert_consistent(clients)

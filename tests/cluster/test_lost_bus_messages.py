"""Whatever the channel layer loses, repeats or reorders: every open page has it in 6 seconds."""

from collections.abc import Iterator

import pytest

from loadtests.lib.servers import Cluster
from loadtests.lib.servers.process import ROOT
from tests.cluster.faulty_layer import LOST, NEWER
from tests.cluster.stage import ENVIRONMENT, Stage, bodies, elapse, opened, sending

pytestmark = pytest.mark.deployment

OPEN_PAGES_SECONDS = 6
# Sooner than any sweep that waits for a doorbell reads the log.
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
        yield Stage(cluster, tmp_path_factory.mktemp("unruly"), user_count=6)
        # Unruly, not broken: replicas that hear nothing read the log, and the tests would be idle.
        assert not [one.port for one in cluster.replicas if "does not take" in one.tail(1_000)]


async def test_doorbells_dropped_doubled_and_shuffled(faulty_stage: Stage) -> None:
    people = faulty_stage.users(6)
    rooms = [faulty_stage.room(people) for _ in range(2)]
    clients = [faulty_stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, rooms[0]):
        for client in clients:
            await client.open(rooms[1])
        async with sending(clients, rooms):
            await elapse(3)
        for room in rooms:
            await faulty_stage.settle(room, clients, within=OPEN_PAGES_SECONDS)
    await faulty_stage.assert_consistent(clients)


async def test_the_last_doorbell_of_a_room_is_lost(faulty_stage: Stage) -> None:
    people = faulty_stage.users(4)
    room = faulty_stage.room(people)
    clients = [faulty_stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, room):
        await clients[0].send(room, LOST)
        for client in clients:
            await client.wait_until(lambda: bodies(client, room), within=OPEN_PAGES_SECONDS)
    await faulty_stage.assert_consistent(clients)


async def test_a_doorbell_of_a_later_version_has_the_log_read_at_once(faulty_stage: Stage) -> None:
    people = faulty_stage.users(2)
    room = faulty_stage.room(people)
    clients = [faulty_stage.client(person, number) for number, person in enumerate(people)]
    async with opened(clients, room):
        for number in range(1, 11):
            await clients[0].send(room, NEWER)
            for client in clients:
                await client.wait_until(lambda: len(bodies(client, room)) == number, SOON_SECONDS)
    await faulty_stage.assert_consistent(clients)


async def test_a_process_dies_between_commit_and_publish(stage: Stage) -> None:
    """What it wrote is found in the log: here it never reached Redis at all."""
    people = stage.users(4)
    room = stage.room(people)
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, room):
        code = POST.format(user=people[0].id, room=room)
        stage.shell(code, REDIS_URL="redis://127.0.0.1:1/0")
        for client in clients:
            await client.wait_until(lambda: bodies(client, room), within=OPEN_PAGES_SECONDS)
    await stage.assert_consistent(clients)

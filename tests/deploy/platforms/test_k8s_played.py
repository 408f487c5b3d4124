"""podman runs the base of deploy/k8s: the Job's command migrates, and users chat through nginx."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.cluster.stage import bodies, opened
from tests.deploy.platforms.engine import Engine
from tests.deploy.platforms.podman_kube import REPLICAS, WORKLOADS, Played
from tests.stack.deployed_stage import DeployedStage
from tests.stack.traffic import replica_of


@pytest.fixture(scope="module")
def played(engine: Engine, image: str) -> Iterator[Played]:
    with Played(engine, image) as played:
        yield played


@pytest.fixture(scope="module")
def stage(played: Played, tmp_path_factory: pytest.TempPathFactory) -> DeployedStage:
    return DeployedStage(played, tmp_path_factory.mktemp("sessions"))


async def test_users_on_two_replicas_chat_through_nginx(stage: DeployedStage) -> None:
    users = stage.users(2)
    room = stage.room(users)
    clients = [stage.client(person) for person in users]
    async with opened(clients, room), asyncio.timeout(60):
        while len({replica_of(client) for client in clients}) < len(REPLICAS):
            await clients[0].drop_connection()
            await clients[0].wait_until(lambda: clients[0].connected)
        for number in range(10):
            await clients[number % 2].send(room, f"{number}")
        await stage.settle(room, clients)
        assert [bodies(client, room) for client in clients] == 2 * [
            [f"{number}" for number in range(10)]
        ]
        await stage.assert_consistent(clients)


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_probe_succeeds(played: Played, name: str) -> None:
    assert all(played.probes(name))


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_process_is_unprivileged_and_read_only(played: Played, name: str) -> None:
    found = played.inspect(name)
    assert found["Config"]["User"] == "10001:10001"
    assert found["HostConfig"]["ReadonlyRootfs"] is True
    assert "no-new-privileges" in found["HostConfig"]["SecurityOpt"]
    assert not found["EffectiveCaps"]
    assert not found["BoundingCaps"]
    assert {one["Destination"] for one in found["Mounts"] if one["RW"]} <= {
        "/tmp",
        "/etc/nginx/conf.d",
    }

"""The base of deploy/k8s at work: migrated by its Job's command, talked through by its nginx."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.cluster.stage import bodies, opened
from tests.deploy.engine import Engine
from tests.deploy.podman_kube import EVERYBODY, REPLICAS, Played
from tests.stack.people import People
from tests.stack.traffic import replica_of


@pytest.fixture(scope="module")
def played(engine: Engine, image: str) -> Iterator[Played]:
    with Played(engine, image) as played:
        yield played


@pytest.fixture(scope="module")
def visitors(played: Played, tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(played, tmp_path_factory.mktemp("sessions"))


async def test_people_on_two_replicas_talk_through_its_nginx(visitors: People) -> None:
    people = visitors.crowd(2)
    room = visitors.room(people)
    tabs = [visitors.client(person) for person in people]
    async with opened(tabs, room), asyncio.timeout(60):
        while len({replica_of(tab) for tab in tabs}) < len(REPLICAS):
            await tabs[0].drop_connection()
            await tabs[0].wait_until(lambda: tabs[0].connected)
        for number in range(10):
            await tabs[number % 2].send(room, f"{number}")
        await visitors.settle(room, tabs)
        assert [bodies(tab, room) for tab in tabs] == 2 * [[f"{number}" for number in range(10)]]
        await visitors.assert_right(tabs)


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_probe_is_answered(played: Played, name: str) -> None:
    assert all(played.probes(name))


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_process_is_nobody_and_writes_nowhere_else(played: Played, name: str) -> None:
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

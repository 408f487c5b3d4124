"""What all processes together may open of Postgres' connections, against those that it has."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from hubbub.doctor.checks.connections import REPLICA_CONNECTIONS
from hubbub.realtime.commands import group_commit
from hubbub.realtime.db import executors
from loadtests.lib.servers import Cluster, Postgres
from loadtests.lib.servers.web import Web
from tests.doctor.deployment import Patient, Seen
from tests.doctor.faulty_proxy import Front

WRITER = 1
# Two replicas and a gunicorn may open 38, a third replica 11 more; superusers keep 3 of them.
TOO_FEW, NONE_TO_SPARE, ENOUGH = "40", "51", "52"


def test_a_replicas_connections_are_counted_as_its_threads_are() -> None:
    """The doctor counts what the code of a replica opens: it may not import `realtime`."""
    threads = executors.ACTION_THREADS + executors.LOG_QUERY_THREADS
    threads += WRITER + group_commit.LOCKED_ROOM_THREADS
    assert threads == REPLICA_CONNECTIONS


@pytest.fixture
def cramped(patient: Patient) -> Iterator[Patient]:
    """A deployment of `web` and two replicas whose Postgres has too few connections for them."""
    postgres = Postgres(fsync=True, settings={"max_connections": TOO_FEW})
    compressed = patient.cluster.environment["STATIC_ROOT"]
    with Front([]) as front, postgres:
        environment = {"PUBLIC_URL": front.url, "STATIC_ROOT": compressed}
        redis = patient.cluster.redis
        with (
            Cluster(postgres=postgres, redis=redis, environment=environment) as cluster,
            Web(cluster.environment) as web,
            closing(Patient(cluster, front)) as cramped,
        ):
            front.ports, front.pages = cramped.ports(), [web.port]
            yield cramped


@pytest.mark.deployment
def test_more_connections_than_postgres_takes(cramped: Patient) -> None:
    seen = cramped.examine()
    assert seen.of("red") == ["connections"], seen.said
    assert "38 of 37" in seen.said["connections"]
    assert "replicas: 2, gunicorns: 1" in seen.said["connections"]

    seen = raised(cramped, NONE_TO_SPARE)
    assert "Another replica would not fit" in seen.said["connections"]
    assert (seen.colours["connections"], seen.of("red")) == ("yellow", []), seen.said

    seen = raised(cramped, ENOUGH)
    assert (seen.colours["connections"], seen.of("red")) == ("green", []), seen.said


def raised(cramped: Patient, connections: str) -> Seen:
    """Do as the doctor says: give Postgres so many, restart it, and look again."""
    postgres = cramped.cluster.postgres
    assert postgres
    postgres.stop()
    postgres.settings["max_connections"] = connections
    postgres.start()
    return cramped.examine()

"""The doctor compares the number of Postgres connections that processes may open with the limit."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from hubbub.doctor.checks.connections import REPLICA_CONNECTIONS
from hubbub.realtime.commands import group_commit
from hubbub.realtime.db import executors
from loadtests.lib.servers import Cluster, Postgres
from loadtests.lib.servers.web import Web
from tests.doctor.deployment import Deployment, DoctorReport
from tests.doctor.faulty_proxy import FaultyProxy

GROUP_COMMIT = 1
# Two replicas and gunicorn can open 38 connections, and a third replica 11 more. Postgres reserves
# 3 for superusers.
TOO_FEW, NONE_TO_SPARE, ENOUGH = "40", "51", "52"


def test_the_doctor_s_number_matches_a_replica_s_threads() -> None:
    """The doctor has its own constant, because it may not import `realtime`."""
    threads = executors.ACTION_THREADS + executors.LOG_QUERY_THREADS
    threads += GROUP_COMMIT + group_commit.LOCKED_ROOM_THREADS
    assert threads == REPLICA_CONNECTIONS


@pytest.fixture
def cramped(deployment: Deployment) -> Iterator[Deployment]:
    """A deployment of `web` and two replicas with too few Postgres connections."""
    postgres = Postgres(fsync=True, settings={"max_connections": TOO_FEW})
    compressed = deployment.cluster.environment["STATIC_ROOT"]
    with FaultyProxy([]) as proxy, postgres:
        environment = {"PUBLIC_URL": proxy.url, "STATIC_ROOT": compressed}
        redis = deployment.cluster.redis
        with (
            Cluster(postgres=postgres, redis=redis, environment=environment) as cluster,
            Web(cluster.environment) as web,
            closing(Deployment(cluster, proxy)) as cramped,
        ):
            proxy.ports, proxy.pages = cramped.ports(), [web.port]
            yield cramped


@pytest.mark.deployment
def test_too_few_postgres_connections_are_red(cramped: Deployment) -> None:
    report = cramped.run_doctor()
    assert report.with_status("red") == ["connections"], report.messages
    assert "38 of 37" in report.messages["connections"]
    assert "replicas: 2, gunicorns: 1" in report.messages["connections"]

    report = with_max_connections(cramped, NONE_TO_SPARE)
    assert "Another replica would not fit" in report.messages["connections"]
    assert (report.statuses["connections"], report.with_status("red")) == ("yellow", []), (
        report.messages
    )

    report = with_max_connections(cramped, ENOUGH)
    assert (report.statuses["connections"], report.with_status("red")) == ("green", []), (
        report.messages
    )


def with_max_connections(cramped: Deployment, connections: str) -> DoctorReport:
    """Raise max_connections as the doctor says, restart Postgres, and check again."""
    postgres = cramped.cluster.postgres
    assert postgres
    postgres.stop()
    postgres.settings["max_connections"] = connections
    postgres.start()
    return cramped.run_doctor()

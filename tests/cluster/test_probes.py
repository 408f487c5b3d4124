"""A replica's probes: the process alone, started and not draining; Redis has no say in either."""

from http.client import HTTPConnection

import pytest

from loadtests.lib.servers import Cluster, Replica
from loadtests.lib.servers.process import HOST
from tests.cluster.stage import Stage, elapse, stop

pytestmark = pytest.mark.deployment


def ask(replica: Replica, path: str, method: str = "GET") -> tuple[int, str]:
    """Ask as a probe of a cluster does: by an address, which is the Host, too."""
    connection = HTTPConnection(HOST, replica.port, timeout=5)
    connection.request(method, path, headers={"Host": f"10.1.2.3:{replica.port}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


async def answers(replica: Replica, path: str, status: int, within: float = 10) -> str:
    """Ask until the answer has this status; return its text."""
    for _ in range(int(within / 0.1)):
        found, text = ask(replica, path)
        if found == status:
            return text
        await elapse(0.1)
    raise AssertionError((found, text))


def test_a_replica_that_runs_is_healthy_and_ready_also_for_head(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    assert ask(replica, "/healthz") == (200, "ok\n")
    assert ask(replica, "/readyz") == (200, "ready\n")
    assert ask(replica, "/readyz", "HEAD") == (200, "")
    assert ask(replica, "/readyz", "POST")[0] == 405
    assert "# TYPE" in ask(replica, "/metrics")[1]


async def test_with_redis_away_replicas_stay_ready(stage: Stage) -> None:
    assert stage.cluster.redis is not None
    await stop(stage.cluster.redis)
    await elapse(3)  # deaf by now
    for replica in stage.cluster.replicas:
        assert ask(replica, "/readyz") == (200, "ready\n")
        assert ask(replica, "/healthz") == (200, "ok\n")


async def test_it_is_ready_once_the_database_has_answered_without_any_socket(stage: Stage) -> None:
    cluster: Cluster = stage.cluster
    assert cluster.postgres is not None
    replica = cluster.replicas[0]
    await stop(replica)
    await stop(cluster.postgres)
    replica.start()
    assert ask(replica, "/healthz") == (200, "ok\n")
    assert (await answers(replica, "/readyz", 503)).startswith("Not started")
    cluster.postgres.start()
    assert await answers(replica, "/readyz", 200) == "ready\n"

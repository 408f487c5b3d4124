"""The probes of replicas: /healthz reports on the process, /readyz on start and drain.

Neither depends on Redis.
"""

from http.client import HTTPConnection

import pytest

from loadtests.lib.servers import Cluster, Replica
from loadtests.lib.servers.process import HOST
from tests.cluster.stage import Stage, elapse, stop
from tests.support.probes import scrape_until

pytestmark = pytest.mark.deployment


def ask(replica: Replica, path: str, method: str = "GET") -> tuple[int, str]:
    """Send a request as Kubernetes does: to an IP address, which is also the Host header."""
    connection = HTTPConnection(HOST, replica.port, timeout=5)
    connection.request(method, path, headers={"Host": f"10.1.2.3:{replica.port}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


async def wait_for_status(replica: Replica, path: str, status: int, within: float = 20) -> str:
    """Send requests until the response has this status. Return its text."""
    for _ in range(int(within / 0.1)):
        found, text = ask(replica, path)
        if found == status:
            return text
        await elapse(0.1)
    raise AssertionError((found, text))


def test_a_running_replica_is_healthy_and_ready(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    assert ask(replica, "/healthz") == (200, "ok\n")
    assert ask(replica, "/readyz") == (200, "ready\n")
    assert ask(replica, "/readyz", "HEAD") == (200, "")
    assert ask(replica, "/readyz", "POST")[0] == 405
    assert "# TYPE" in ask(replica, "/metrics")[1]


async def test_replicas_stay_ready_without_redis(stage: Stage) -> None:
    assert stage.cluster.redis is not None
    await stop(stage.cluster.redis)
    for replica in stage.cluster.replicas:
        await scrape_until(replica, lambda shown: shown.value("hubbub_bus_lost", host="0") == 1)
        assert ask(replica, "/readyz") == (200, "ready\n")
        assert ask(replica, "/healthz") == (200, "ok\n")


async def test_a_replica_becomes_ready_once_the_database_answers_without_any_connection(
    stage: Stage,
) -> None:
    cluster: Cluster = stage.cluster
    assert cluster.postgres is not None
    replica = cluster.replicas[0]
    await stop(replica)
    await stop(cluster.postgres)
    replica.start()
    assert ask(replica, "/healthz") == (200, "ok\n")
    assert (await wait_for_status(replica, "/readyz", 503)).startswith("Not started")
    cluster.postgres.start()
    assert await wait_for_status(replica, "/readyz", 200) == "ready\n"

"""All fault tests share one cluster, which is repaired before and after each of them.

Its servers experience every fault that the tests cause, as they would in a deployment. So if a test
breaks something permanently, the next one fails.
"""

from collections.abc import Iterator

import pytest

from loadtests.lib.servers import Cluster, Replica
from loadtests.lib.servers.stack import wait_until
from tests.cluster.stage import ENVIRONMENT, Stage
from tests.support.probes import get


@pytest.fixture(scope="session")
def shared_stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    embedded = bool(request.config.getoption("embedded"))
    stock = bool(request.config.getoption("stock_daphne"))
    with Cluster(embedded=embedded, stock=stock, environment=ENVIRONMENT) as cluster:
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"))


@pytest.fixture
def stage(shared_stage: Stage) -> Iterator[Stage]:
    """Return the shared stage. All servers run before the test and after it."""
    repair(shared_stage.cluster)
    yield shared_stage
    repair(shared_stage.cluster)


@pytest.fixture
def draining_slowly(stage: Stage) -> Iterator[Replica]:
    """Return one more replica of the stage, whose drain lasts longer than any test.

    So even on a busy machine, a test sees the drain before it ends.
    """
    with Replica(stage.cluster.environment | {"DRAIN_SECONDS": "600"}) as replica:
        wait_until(lambda: get(replica.port, "/readyz")[0] == 200)
        yield replica


def repair(cluster: Cluster) -> None:
    for server in (cluster.redis, cluster.postgres, *cluster.replicas):
        if server is not None:
            server.resume()
            server.start()

"""One cluster for all fault tests, repaired before and after each of them.

Its servers experience every fault that the tests cause, as they would in a deployment. So if a test
breaks something permanently, the next one fails.
"""

from collections.abc import Iterator

import pytest

from loadtests.lib.servers import Cluster
from tests.cluster.stage import ENVIRONMENT, Stage


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
    """The shared stage with all servers running, before the test and after it."""
    repair(shared_stage.cluster)
    yield shared_stage
    repair(shared_stage.cluster)


def repair(cluster: Cluster) -> None:
    for server in (cluster.redis, cluster.postgres, *cluster.replicas):
        if server is not None:
            server.resume()
            server.start()

"""One place for all fault tests, on servers of its own, mended after each of them.

Replicas and servers live through every fault that the tests make, as they would in a deployment:
what one test breaks for good, the next one finds.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.lib.servers import Cluster
from tests.cluster.stage import ENVIRONMENT, Stage


@pytest.fixture(scope="session")
def whole_stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    embedded = bool(request.config.getoption("embedded"))
    stock = bool(request.config.getoption("stock_daphne"))
    with Cluster(embedded=embedded, stock=stock, environment=ENVIRONMENT) as cluster:
        yield Stage(cluster, _folder(tmp_path_factory))


@pytest.fixture
def stage(whole_stage: Stage) -> Iterator[Stage]:
    """The place with everything running, at the start and again at the end."""
    mend(whole_stage.cluster)
    yield whole_stage
    mend(whole_stage.cluster)


def mend(cluster: Cluster) -> None:
    for server in (cluster.redis, cluster.postgres, *cluster.replicas):
        if server is not None:
            server.resume()
            server.start()


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("sessions")

"""All tests of the doctor share one deployment: two replicas behind a proxy.

The deployment has its own Postgres and Redis.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from loadtests.lib.servers import Cluster
from tests.doctor.deployment import Deployment, compressed_static_files
from tests.doctor.faulty_proxy import FaultyProxy


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with FaultyProxy([]) as proxy:
        environment = {
            "PUBLIC_URL": proxy.url,
            "EMAIL_URL": "smtp://127.0.0.1:1",
            "PING_INTERVAL_SECONDS": "1",
            "STATIC_ROOT": compressed_static_files(tmp_path_factory.mktemp("static") / "files"),
        }
        with Cluster(fsync=True, environment=environment) as cluster:
            proxy.ports = [replica.port for replica in cluster.replicas]
            with closing(Deployment(cluster, proxy)) as deployment:
                yield deployment

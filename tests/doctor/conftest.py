"""One deployment for all examinations: two replicas behind a proxy, on servers of its own."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from loadtests.lib.servers import Cluster
from tests.doctor.deployment import Patient, compressed_static_files
from tests.doctor.faulty_proxy import Front


@pytest.fixture(scope="session")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    with Front([]) as front:
        environment = {
            "PUBLIC_URL": front.url,
            "EMAIL_URL": "smtp://127.0.0.1:1",
            "PING_INTERVAL_SECONDS": "1",
            "STATIC_ROOT": compressed_static_files(tmp_path_factory.mktemp("static") / "files"),
        }
        with Cluster(fsync=True, environment=environment) as cluster:
            front.ports = [replica.port for replica in cluster.replicas]
            with closing(Patient(cluster, front)) as patient:
                yield patient

"""All fuzz tests share one cluster of two replicas, which is checked after each test."""

from collections.abc import Iterator

import pytest

from loadtests.lib.checker import format_violations, log_rules
from loadtests.lib.servers import Cluster, Postgres, Redis
from tests.cluster.stage import Stage
from tests.fuzz.raw_http import send_request

# More users than fit on a page of members.
USER_COUNT = 210
ENVIRONMENT = {
    # Lift the rate limits, which would refuse nearly everything. They have tests of their own.
    "COMMANDS_BURST": "1000000",
    "MESSAGES_BURST": "1000000",
    "REPLAY_MAX_EVENTS": "200",
    "SIGN_IN_LIMITS": "0",
}


@pytest.fixture(scope="session")
def whole_target(
    postgres: Postgres | None, redis: Redis | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with Cluster(postgres=postgres, redis=redis, environment=ENVIRONMENT) as cluster:
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"), USER_COUNT)


@pytest.fixture
def target(whole_target: Stage) -> Iterator[Stage]:
    """Return the cluster. After the test it must still serve, and its event log must be correct."""
    yield whole_target
    for replica in whole_target.cluster.replicas:
        assert send_request(replica.port, "GET", "/readyz").status == 200
        written = replica.log.read_text(errors="replace")
        assert "Traceback" not in written, replica.tail(60)
        assert "ERROR" not in written, replica.tail(60)
    faults = log_rules.check(whole_target.log())
    assert not faults, format_violations(faults)

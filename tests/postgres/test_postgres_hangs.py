"""Requests fail after a timeout while Postgres hangs, and succeed again afterwards."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loadtests.lib.servers import Cluster
from loadtests.lib.servers.web import Web
from tests.support.probes import get

pytestmark = pytest.mark.deployment

PAGE, REST = "/settings/", "/api/me"
REQUESTS = 4


def test_requests_fail_while_postgres_hangs_and_succeed_afterwards(tmp_path: Path) -> None:
    with (
        Cluster(replicas=1, environment={"DATABASE_TIMEOUT_SECONDS": "1"}) as cluster,
        Web(cluster.environment) as web,
    ):
        assert cluster.postgres
        cluster.manage("seed", "--yes", "--sessions", str(tmp_path / "sessions"))
        cookie = (tmp_path / "sessions").read_text().splitlines()[0].removeprefix("Cookie: ")
        for port in (web.port, cluster.replicas[0].port):
            assert statuses(port, PAGE, cookie) | statuses(port, REST, cookie) == {200}
            with cluster.postgres.paused():
                assert statuses(port, PAGE, cookie) == {500}
                assert statuses(port, REST, cookie) == {503}
            assert statuses(port, PAGE, cookie) | statuses(port, REST, cookie) == {200}


def statuses(port: int, path: str, cookie: str) -> set[int]:
    """Return the statuses of concurrent requests, each answered within ten seconds."""
    with ThreadPoolExecutor(REQUESTS) as pool:
        return {*pool.map(lambda _: get(port, path, Cookie=cookie)[0], range(REQUESTS))}

"""A Postgres that hangs keeps no request waiting for ever: it fails, and the next ones succeed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loadtests.lib.servers import Cluster
from loadtests.lib.servers.web import Web
from tests.support.probes import get

pytestmark = pytest.mark.deployment

PAGE, REST = "/settings/", "/api/me"
BROWSERS = 4


def test_requests_fail_while_postgres_hangs_and_succeed_afterwards(tmp_path: Path) -> None:
    with (
        Cluster(replicas=1, environment={"DATABASE_TIMEOUT_SECONDS": "1"}) as cluster,
        Web(cluster.environment) as web,
    ):
        assert cluster.postgres
        cluster.manage("seed", "--yes", "--sessions", str(tmp_path / "sessions"))
        cookie = (tmp_path / "sessions").read_text().splitlines()[0].removeprefix("Cookie: ")
        for port in (web.port, cluster.replicas[0].port):
            assert answers(port, PAGE, cookie) | answers(port, REST, cookie) == {200}
            with cluster.postgres.paused():
                assert answers(port, PAGE, cookie) == {500}
                assert answers(port, REST, cookie) == {503}
            assert answers(port, PAGE, cookie) | answers(port, REST, cookie) == {200}


def answers(port: int, path: str, cookie: str) -> set[int]:
    """Return the statuses of what several browsers get for at once, within ten seconds."""
    with ThreadPoolExecutor(BROWSERS) as browsers:
        return {*browsers.map(lambda _: get(port, path, Cookie=cookie)[0], range(BROWSERS))}

"""gunicorn with our configuration: its workers, their metrics, and what they leave behind."""

import json
import re
import socket
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from threading import Event

import psutil
import pytest

from loadtests.lib.client import rest
from loadtests.lib.servers import Cluster, Postgres, Redis
from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.stack import wait_until
from loadtests.lib.servers.web import Web
from tests.cluster.stage import Stage, bodies, open_all
from tests.support.probes import get, scrape_metrics

pytestmark = pytest.mark.deployment

SIGN_IN = "/accounts/login/"
JSON_LOGS = {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}


@pytest.fixture(scope="module")
def one_replica(postgres: Postgres, redis: Redis) -> Iterator[Cluster]:
    with Cluster(replicas=1, postgres=postgres, redis=redis) as cluster:
        yield cluster


@pytest.fixture
def web(one_replica: Cluster) -> Iterator[Web]:
    with Web(one_replica.environment | JSON_LOGS) as web:
        yield web


def visit(web: Web, times: int, path: str = SIGN_IN) -> list[int]:
    """Request a page this many times, eight requests at once. Return the statuses."""
    with ThreadPoolExecutor(8) as browsers:
        return list(browsers.map(lambda _: get(web.port, path)[0], range(times)))


def visited(web: Web) -> float:
    return scrape_metrics(web.port).value(
        "hubbub_http_request_seconds_count", view="account_login", method="GET", status="200"
    )


def workers(web: Web) -> set[int]:
    return {child.pid for child in psutil.Process(web.pid).children()}


def metrics_directory(web: Web) -> Path:
    [found] = web.folder.glob("hubbub-metrics-*")
    return found


def counted(web: Web) -> set[int]:
    """Return the ids of processes that have stored metrics; 0 stands for all that have exited."""
    return {int(path.stem.rpartition("_")[2]) for path in metrics_directory(web).glob("*.db")}


def test_the_counters_of_two_workers_add_up(web: Web) -> None:
    assert set(visit(web, 60)) == {200}
    assert visited(web) == 60
    lines = [json.loads(line) for line in web.log.read_text().splitlines()]
    processes = {line["process"] for line in lines if "account_login" in line["message"]}
    assert len(processes) == 2


def test_metrics_show_the_open_files_of_the_worker_with_the_most(web: Web) -> None:
    visit(web, 20)
    idle = [socket.create_connection((HOST, web.port)) for _ in range(10)]
    try:
        wait_until(lambda: open_files(web) >= most_open_files(web) > 5)
        # The scrape itself opens a connection and files.
        assert open_files(web) <= most_open_files(web) + 3
    finally:
        for each in idle:
            each.close()
    hard = psutil.Process(web.pid).rlimit(psutil.RLIMIT_NOFILE)[1]
    assert scrape_metrics(web.port).value("process_max_fds") == hard


def open_files(web: Web) -> float:
    return scrape_metrics(web.port).value("process_open_fds")


def most_open_files(web: Web) -> int:
    return max(psutil.Process(each).num_fds() for each in workers(web))


def test_workers_connect_to_postgres_with_their_gunicorn_s_name(
    one_replica: Cluster, web: Web
) -> None:
    assert one_replica.postgres
    assert statuses(web, "/api/me", session_of_alice(one_replica, web)) == {200}
    ask_names = (
        "SELECT DISTINCT application_name FROM pg_stat_activity"
        f" WHERE datname = '{one_replica.name}' AND application_name LIKE 'hubbub-web %'"
    )
    names = [name for (name,) in one_replica.postgres.execute(ask_names)]
    assert names == [f"hubbub-web {socket.gethostname()}:{web.pid}"]


def test_a_killed_worker_s_counts_stay_and_its_files_are_removed(web: Web) -> None:
    visit(web, 40)
    dead = min(workers(web))
    psutil.Process(dead).kill()
    wait_until(lambda: dead not in workers(web) and len(workers(web)) == 2)
    wait_until(lambda: dead not in counted(web))
    assert counted(web) <= {0, web.pid, *workers(web)}
    assert visited(web) == 40
    assert visit(web, 20) == [200] * 20
    assert visited(web) == 60


def test_restarting_workers_lose_no_counts_and_accumulate_no_files(
    one_replica: Cluster,
) -> None:
    options = ("--max-requests", "25", "--max-requests-jitter", "5")
    with Web(one_replica.environment, *options) as web:
        first, over, seen = workers(web), Event(), list[float]()

        def watch() -> None:
            while not over.is_set():
                seen.append(visited(web))

        with ThreadPoolExecutor(1) as watching:
            watcher = watching.submit(watch)
            statuses = visit(web, 300)
            over.set()
            watcher.result()
        assert statuses == [200] * 300
        assert seen == sorted(seen), "a counter decreased"
        assert visited(web) == 300
        assert not first & workers(web)
        wait_until(lambda: len(counted(web)) <= 4)


def test_it_keeps_serving_when_its_metrics_directory_is_gone(web: Web) -> None:
    wait_until(lambda: len(workers(web)) == 2)
    rmtree(metrics_directory(web))
    replace_workers(web)
    assert set(visit(web, 40)) == {200}
    assert visited(web) == 40
    assert "Can't merge the metrics of dead workers" in web.log.read_text()


def replace_workers(web: Web) -> None:
    """Kill all gunicorn workers, and wait until they have been replaced."""
    before = workers(web)
    for worker in before:
        psutil.Process(worker).kill()
    wait_until(lambda: len(workers(web)) == 2 and not before & workers(web))


def test_its_metrics_directory_is_removed_at_exit(web: Web) -> None:
    assert metrics_directory(web).is_dir()
    web.stop()
    assert not list(web.folder.glob("hubbub-metrics-*"))


async def test_every_worker_publishes_on_the_bus(one_replica: Cluster, tmp_path: Path) -> None:
    stage = Stage(one_replica, tmp_path, user_count=2)
    people = stage.users(2)
    room = stage.room(people)
    with Web(one_replica.environment | JSON_LOGS) as web:
        wait_until(lambda: len(workers(web)) == 2)
        visit(web, 16)
        async with stage.client(people[0], 0) as client:
            await open_all([client], room)
            before = read_from_the_log(one_replica)
            for number in range(1, 9):
                with only_worker(web, number % 2):
                    post(web, people[0].headers, room, number)
                await client.wait_until(lambda: len(bodies(client, room)) == number, within=20)
        senders = re.findall(r'POST api:\w+: 20.*"process": "([^"]+)"', web.log.read_text())
        assert sorted(Counter(senders).values()) == [4, 4]
        # The events came over the bus. If a worker could not publish, the sweep would have read all
        # four of its events from the log.
        assert read_from_the_log(one_replica) - before < 4


@contextmanager
def only_worker(web: Web, chosen: int) -> Iterator[None]:
    """Suspend the other gunicorn worker, so that the chosen one accepts all requests.

    Otherwise the kernel chooses which of them accepts a request.
    """
    other = psutil.Process(sorted(workers(web))[1 - chosen])
    other.suspend()
    try:
        yield
    finally:
        other.resume()


def read_from_the_log(cluster: Cluster) -> float:
    return scrape_metrics(cluster.replicas[0].port).value("hubbub_gaps_repaired_total")


def post(web: Web, headers: dict[str, str], room: int, number: int) -> None:
    body = {"body": f"number {number}", "nonce": str(number)}
    rest.call(f"127.0.0.1:{web.port}", "POST", f"/rooms/{room}/messages", headers, body)


def test_after_a_restart_of_postgres_no_request_fails() -> None:
    with Cluster(replicas=0) as cluster, Web(cluster.environment) as web:
        assert cluster.postgres is not None
        path = "/api/me"
        cookie = session_of_alice(cluster, web)
        # Nearly every thread has a connection to Postgres now.
        assert statuses(web, path, cookie) == {200}
        cluster.postgres.stop()
        cluster.postgres.start()
        assert statuses(web, path, cookie) == {200}


def test_web_stays_ready_while_postgres_is_down(one_replica: Cluster) -> None:
    with Cluster(replicas=0) as cluster, Web(cluster.environment) as web:
        assert cluster.postgres is not None
        wait_until(lambda: set(visit(web, 16, "/readyz")) == {200})
        cluster.postgres.stop()
        assert set(visit(web, 16, "/readyz")) == {200}
        replace_workers(web)
        assert set(visit(web, 16, "/readyz")) == {200}
        assert get(web.port, "/healthz") == (200, "ok\n")
        assert scrape_metrics(web.port).value("hubbub_ready") == 1


def session_of_alice(cluster: Cluster, web: Web) -> str:
    file = web.folder / "sessions"
    cluster.manage("seed", "--yes", "--sessions", str(file))
    return file.read_text().splitlines()[0].removeprefix("Cookie: ")


def statuses(web: Web, path: str, cookie: str) -> set[int]:
    with ThreadPoolExecutor(8) as browsers:
        return set(browsers.map(lambda _: get(web.port, path, Cookie=cookie)[0], range(60)))


def test_metrics_need_a_direct_request_or_the_token(one_replica: Cluster, web: Web) -> None:
    assert get(web.port, "/metrics")[0] == 200
    assert get(web.port, "/metrics", **{"X-Forwarded-For": "203.0.113.7"})[0] == 403
    with Web(one_replica.environment | {"METRICS_TOKEN": "a long word"}) as guarded:
        assert get(guarded.port, "/metrics")[0] == 403
        assert get(guarded.port, "/metrics", Authorization="Bearer another word")[0] == 403
        assert get(guarded.port, "/metrics", Authorization="Bearer a long word")[0] == 200


def test_limits_per_address_use_the_address_behind_trusted_proxies(one_replica: Cluster) -> None:
    with Web(one_replica.environment | {"TRUSTED_PROXIES": "1"}) as web:
        asked = [ask_for_new_password(web, "203.0.113.7", number) for number in range(61)]
        assert asked == [200] * 60 + [429]
        assert ask_for_new_password(web, "203.0.113.8", 100) == 200
        # A forged address comes before the one that the proxy appends.
        assert ask_for_new_password(web, "203.0.113.9, 203.0.113.7", 101) == 429


def ask_for_new_password(web: Web, forwarded_for: str, number: int) -> int:
    token = "c" * 32
    request = urllib.request.Request(
        f"http://127.0.0.1:{web.port}/accounts/password/reset/",
        data=f"email=nobody-{number}@example.org&csrfmiddlewaretoken={token}".encode(),
        headers={"Cookie": f"csrftoken={token}", "X-Forwarded-For": forwarded_for},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code

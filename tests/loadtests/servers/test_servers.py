"""The servers that tests start can be stopped, killed and paused, and none outlives the tests."""

import os
import signal
import subprocess
import sys
from http.client import HTTPConnection

import psutil
import psycopg
import pytest

from loadtests.lib.servers import Cluster, Postgres, Redis, ServerError
from loadtests.lib.servers.fork_server import ForkServer
from loadtests.lib.servers.process import HOST, ROOT
from loadtests.lib.servers.replica import Replica
from loadtests.lib.servers.stack import wait_until
from scripts.stack.ports import free_port

pytestmark = pytest.mark.deployment


def test_no_free_port_is_returned_twice() -> None:
    ports = [free_port() for _ in range(500)]
    assert len(set(ports)) == len(ports)


def status(replica: Replica) -> int:
    connection = HTTPConnection(HOST, replica.port, timeout=20)
    connection.request("GET", "/accounts/login/")
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_killed_replica_restarts_on_its_port(cluster: Cluster) -> None:
    first, second = cluster.replicas
    assert (status(first), status(second)) == (200, 200)
    port = first.port
    first.kill()
    assert not first.running
    assert status(second) == 200
    first.start()
    assert first.port == port
    assert status(first) == 200


def test_programs_start_on_an_interpreter_of_their_own(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fork server imports modules in advance, and so would hide a program's missing import."""
    monkeypatch.setattr(ForkServer, "running", None)
    cluster.manage("check")
    with Replica(cluster.environment) as replica:
        assert isinstance(replica._process, subprocess.Popen)
        assert status(replica) == 200


def test_clusters_on_one_postgres_do_not_share_a_database(
    cluster: Cluster, postgres: Postgres, redis: Redis
) -> None:
    make = ("createsuperuser", "--no-input", "--username=alice", "--email=a@example.org")
    cluster.manage(*make)
    with Cluster(replicas=0, postgres=postgres, redis=redis) as other:
        other.manage(*make)
        assert postgres.has_database(other.name)
    assert not postgres.has_database(other.name)
    with pytest.raises(ServerError, match="username"):
        cluster.manage(*make)


def test_a_restored_database_equals_its_copy(postgres: Postgres) -> None:
    postgres.create_database("before")
    postgres.execute("CREATE TABLE words (word text)", database="before")
    postgres.create_database("copy", template="before")
    with psycopg.connect(postgres.url("before"), autocommit=True) as connection:
        connection.execute("INSERT INTO words VALUES ('late')")
        postgres.restore_database("before", "copy")
    assert postgres.execute("SELECT * FROM words", database="before") == []
    for name in ("before", "copy"):
        postgres.drop_database(name)


def test_a_paused_postgres_does_not_answer_until_it_is_resumed() -> None:
    with Postgres() as postgres:
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            with postgres.paused():
                family = psutil.Process(postgres.pid).children()
                assert {one.status() for one in family} == {psutil.STATUS_STOPPED}
            assert connection.execute("SELECT 1").fetchone() == (1,)
        postgres.kill()
        postgres.start()
        assert postgres.execute("SELECT 2") == [(2,)]


def test_fsync_can_be_turned_on() -> None:
    with Postgres(fsync=True) as postgres:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert postgres.execute(f"SHOW {setting}") == [("on",)]


def test_the_error_of_a_failed_start_contains_the_log() -> None:
    replica = Replica({"PATH": os.environ["PATH"], "PUBLIC_URL": "chat"})
    with pytest.raises(ServerError, match="PUBLIC_URL is 'chat'"), replica:
        pass


def test_servers_exit_with_the_process_that_started_them_even_if_it_is_killed() -> None:
    code = (
        "from loadtests.lib.servers import *\n"
        "with Postgres() as postgres, Redis() as redis:\n"
        "    print(postgres.pid, redis.pid, flush=True)\n"
        "    input()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    pids = [int(pid) for pid in owner.stdout.readline().split()]
    assert all(psutil.pid_exists(pid) for pid in pids)
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    wait_until(lambda: not any(runs(pid) for pid in pids))


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

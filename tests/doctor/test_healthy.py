"""A healthy deployment is green on every run, and the doctor leaves nothing behind in it."""

import os
import pty
import subprocess
import sys

import pytest

from loadtests.lib.servers import Cluster
from loadtests.lib.servers.process import ROOT
from tests.doctor.deployment import Deployment
from tests.doctor.faulty_proxy import Fault, without_header

pytestmark = pytest.mark.deployment


def test_a_healthy_deployment_is_green(deployment: Deployment) -> None:
    report = deployment.run_doctor("--timeout=5")
    assert report.with_status("red") == report.with_status("yellow") == [], report.messages
    assert report.with_status("grey") == ["tls", "mail"]
    assert report.exit_code == 0
    assert {"replicas", "messages", "bus", "clocks", "origin", "csrf", "idle"} < {
        *report.with_status("green")
    }


def test_it_leaves_no_sessions_and_no_old_messages(deployment: Deployment) -> None:
    deployment.run_doctor()
    assert deployment.cluster.postgres
    count = "SELECT count(*) FROM {}"
    name = deployment.cluster.name

    def rows(table: str) -> int:
        assert deployment.cluster.postgres
        return int(deployment.cluster.postgres.execute(count.format(table), database=name)[0][0])

    assert rows("django_session") == 0
    assert rows("accounts_user WHERE hidden") == 2
    deployment.cluster.postgres.execute(
        "UPDATE chat_event SET at = at - interval '2 hours'", database=name
    )
    deployment.run_doctor()
    fresh = rows("chat_event")
    deployment.cluster.postgres.execute(
        "UPDATE chat_event SET at = at - interval '2 hours'", database=name
    )
    deployment.run_doctor()
    assert rows("chat_event") == fresh


def test_the_embedded_default_has_no_red_result(deployment: Deployment) -> None:
    with Cluster(embedded=True) as cluster:
        embedded = Deployment(cluster, deployment.proxy)
        report = embedded.run_doctor(url=cluster.replicas[0].http_url, LOG_LEVEL="INFO")
    assert report.with_status("red") == [], report.messages
    assert report.exit_code == 0


def test_clocks_are_grey_when_none_can_be_read(deployment: Deployment) -> None:
    """SQLite has no clock of its own, no WebSocket opens, and no response has a Date header."""
    faulty = Fault(request=without_header(b"Upgrade"), answer=without_header(b"Date"))
    with (
        Cluster(embedded=True) as cluster,
        deployment.proxy.in_front_of(cluster.replicas[0].port),
        deployment.proxy.with_fault(faulty),
    ):
        report = Deployment(cluster, deployment.proxy).run_doctor(LOG_LEVEL="INFO")
    assert report.statuses["clocks"] == "grey", report.messages


def test_a_visible_user_with_a_test_account_s_name_gives_exit_2(deployment: Deployment) -> None:
    postgres, name = deployment.cluster.postgres, deployment.cluster.name
    assert postgres
    show = "UPDATE accounts_user SET hidden = {} WHERE username = '+doctor-1'"
    deployment.run_doctor()
    postgres.execute(show.format("false"), database=name)
    try:
        done = deployment.run()
    finally:
        postgres.execute(show.format("true"), database=name)
    assert done.returncode == 2
    assert "The username +doctor-1 belongs to another account" in done.stderr


def test_an_unreachable_deployment_gives_exit_2(deployment: Deployment) -> None:
    for arguments in (("--url", "http://127.0.0.1:1"), ("--url", "http://doctor.invalid")):
        done = deployment.run(*arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("CommandError: The checks could not run:")
        assert "Traceback" not in done.stderr
    with deployment.proxy.with_fault(Fault(down=True)):
        assert deployment.run().returncode == 2
    assert deployment.run(DATABASE_URL="postgres://hubbub@127.0.0.1:1/hubbub").returncode == 2
    assert deployment.run(PUBLIC_URL="").returncode == 2
    wrong = deployment.run("--url", "chat.example.org")
    assert wrong.returncode == 2
    assert "such as https://chat.example.org" in wrong.stderr
    assert deployment.run("--timeout", "soon").returncode == 2


def test_lines_are_plain_without_a_terminal(deployment: Deployment) -> None:
    done = deployment.run("--quick")
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("0 red, 3 grey.")


def test_a_terminal_gets_coloured_lines_and_progress(deployment: Deployment) -> None:
    coloured = run_on_terminal(deployment, {})
    assert "\x1b[32mgreen" in coloured
    assert "checking replicas" in coloured
    assert "\x1b[32m" not in run_on_terminal(deployment, {"NO_COLOR": "1"})


def run_on_terminal(deployment: Deployment, environment: dict[str, str]) -> str:
    """Run the doctor on a terminal. Return everything that it printed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app/manage.py"), "doctor", "--quick"],
        env=deployment.cluster.environment | environment,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65_536)
        except OSError:  # on Linux, this means that the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()

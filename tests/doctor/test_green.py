"""A healthy deployment is green, again and again, and shows nothing of the examination."""

import os
import pty
import subprocess
import sys

import pytest

from loadtests.lib.servers import Cluster
from loadtests.lib.servers.process import ROOT
from tests.doctor.deployment import Patient
from tests.doctor.faulty_proxy import Fault, without_header

pytestmark = pytest.mark.deployment


def test_a_healthy_deployment_is_green(patient: Patient) -> None:
    seen = patient.examine("--timeout=5")
    assert seen.of("red") == seen.of("yellow") == [], seen.said
    assert seen.of("grey") == ["tls", "mail"]
    assert seen.exit == 0
    assert {"replicas", "messages", "bus", "clocks", "origin", "csrf", "idle"} < {*seen.of("green")}


def test_it_leaves_no_session_and_no_pile_of_messages(patient: Patient) -> None:
    patient.examine()
    assert patient.cluster.postgres
    count = "SELECT count(*) FROM {}"
    name = patient.cluster.name

    def rows(table: str) -> int:
        assert patient.cluster.postgres
        return int(patient.cluster.postgres.execute(count.format(table), database=name)[0][0])

    assert rows("django_session") == 0
    assert rows("accounts_user WHERE hidden") == 2
    patient.cluster.postgres.execute(
        "UPDATE chat_event SET at = at - interval '2 hours'", database=name
    )
    patient.examine()
    fresh = rows("chat_event")
    patient.cluster.postgres.execute(
        "UPDATE chat_event SET at = at - interval '2 hours'", database=name
    )
    patient.examine()
    assert rows("chat_event") == fresh


def test_the_embedded_default_has_nothing_red(patient: Patient) -> None:
    with Cluster(embedded=True) as cluster:
        alone = Patient(cluster, patient.front)
        seen = alone.examine(url=cluster.replicas[0].http_url, LOG_LEVEL="INFO")
    assert seen.of("red") == [], seen.said
    assert seen.exit == 0


def test_clocks_are_grey_where_none_can_be_read(patient: Patient) -> None:
    """SQLite has no other than ours, no socket opens, and nothing says a date."""
    silent = Fault(request=without_header(b"Upgrade"), answer=without_header(b"Date"))
    with (
        Cluster(embedded=True) as cluster,
        patient.front.before(cluster.replicas[0].port),
        patient.front.broken(silent),
    ):
        seen = Patient(cluster, patient.front).examine(LOG_LEVEL="INFO")
    assert seen.colours["clocks"] == "grey", seen.said


def test_a_name_that_somebody_visible_has_is_exit_2(patient: Patient) -> None:
    postgres, name = patient.cluster.postgres, patient.cluster.name
    assert postgres
    show = "UPDATE accounts_user SET hidden = {} WHERE username = '+doctor-1'"
    patient.examine()
    postgres.execute(show.format("false"), database=name)
    try:
        done = patient.run()
    finally:
        postgres.execute(show.format("true"), database=name)
    assert done.returncode == 2
    assert "+doctor-1 is somebody who is not hidden" in done.stderr


def test_nothing_to_look_at_is_exit_2(patient: Patient) -> None:
    for arguments in (("--url", "http://127.0.0.1:1"), ("--url", "http://doctor.invalid")):
        done = patient.run(*arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("CommandError: Could not look:")
        assert "Traceback" not in done.stderr
    with patient.front.broken(Fault(down=True)):
        assert patient.run().returncode == 2
    assert patient.run(DATABASE_URL="postgres://hubbub@127.0.0.1:1/hubbub").returncode == 2
    assert patient.run(PUBLIC_URL="").returncode == 2
    wrong = patient.run("--url", "chat.example.org")
    assert wrong.returncode == 2
    assert "such as https://chat.example.org" in wrong.stderr
    assert patient.run("--timeout", "soon").returncode == 2


def test_lines_are_plain_where_nobody_watches(patient: Patient) -> None:
    done = patient.run("--quick")
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("0 red, 3 grey.")


def test_lines_are_coloured_on_a_terminal_and_progress_is_shown(patient: Patient) -> None:
    coloured = watched(patient, {})
    assert "\x1b[32mgreen" in coloured
    assert "looking at replicas" in coloured
    assert "\x1b[32m" not in watched(patient, {"NO_COLOR": "1"})


def watched(patient: Patient, environment: dict[str, str]) -> str:
    """Run doctor on a terminal; return all that it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app/manage.py"), "doctor", "--quick"],
        env=patient.cluster.environment | environment,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65_536)
        except OSError:  # Linux: the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()

"""`locust -f loadtests/locustfile.py` works by itself, without `python -m loadtests.load`."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from loadtests.lib import exit_codes
from loadtests.lib.client import rest
from loadtests.lib.servers import Cluster
from loadtests.lib.servers.process import ROOT

USERS = 6
TIMEOUT_SECONDS = 90


def run_locust(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(ROOT / ".venv/bin/locust"), "-f", "loadtests/locustfile.py", "--headless"]
    return subprocess.run(
        [*command, "--only-summary", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )


@pytest.mark.deployment
def test_locust_loads_a_running_deployment(cluster: Cluster, tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    cluster.manage("seed", "--yes", "--users", str(USERS), "--sessions", str(sessions))
    host = cluster.replicas[0].http_url
    done = run_locust(
        *("--host", host, "--sessions", str(sessions), "--users", str(USERS)),
        *("--run-time", "6s", "--shape", "hot", "--message-rate", "10"),
    )
    output = done.stdout + done.stderr
    assert "Traceback" not in output, output
    for kind in ("CONNECT", "SEND", "DELIVER", "CHECK"):
        row = re.search(rf"^{kind} .* (\d+) +\d+\(", output, re.MULTILINE)
        assert row, output
        assert int(row[1]) > 0, output
    for limit in ("gaps", "duplicates", "reordered"):
        assert re.search(rf"^{limit} +0 +0  met$", output, re.MULTILINE), output
    identity = sessions.read_text().splitlines()[0]
    rooms = rest.call(host, "GET", "/rooms", rest.headers_of(identity))
    assert not [room for room in rooms if room["name"].startswith("Load ")], "not archived"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Pass --host https://… of a running deployment"),
        (["--host", "http://127.0.0.1:1"], "needs users to sign in: run `manage.py seed"),
        (["--host", "http://127.0.0.1:1", "--sessions", "/none"], "/none cannot be read"),
    ],
)
def test_missing_options_are_explained(arguments: list[str], message: str) -> None:
    done = run_locust(*arguments)
    assert done.returncode == exit_codes.NOT_RUN
    assert message in done.stderr, done.stderr
    assert "Traceback" not in done.stderr

"""A small `make load` against a stack runs every kind of user.

The tests check its table, exit status and files.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from loadtests.lib.measurements.series import CONNECT, DELIVER, HTTP, SEND, Series
from loadtests.lib.servers.process import ROOT
from loadtests.lib.servers.stack import RunningStack
from tests.stack.deployed_stage import DeployedStage

USERS = 20  # at least one user of every kind
SECONDS = 10
# Limits that even a busy machine meets: these tests check the load test, not the stack's speed.
PATIENT = [
    *("--connect-p99", "60000", "--send-p99", "60000", "--deliver-p99", "60000"),
    *("--resume-p99", "60000", "--generator-cpu", "10000", "--generator-lag", "60000"),
]


def test_a_short_load_test_passes_and_writes_its_files(
    stack: RunningStack, stage: DeployedStage, tmp_path: Path
) -> None:
    sessions, accounts = tmp_path / "sessions", tmp_path / "accounts"
    stack.manage("seed", "--yes", "--users", str(USERS), "--sessions", str(sessions))
    # Users with a password sign in through the form. Only bob, the first user, has a password.
    accounts.write_text(f"bob {stage.passwords['bob']}\n")
    first, *rest = sessions.read_text().splitlines(keepends=True)
    sessions.write_text("".join([first, *rest[: USERS - 2]]))
    done = load(
        *("--host", stack.environment["PUBLIC_URL"], "--out", str(tmp_path / "out")),
        *("--sessions", str(sessions), "--accounts", str(accounts)),
        *("--users", str(USERS), "--rate", "20", "--seconds", str(SECONDS), "--shape", "herd"),
        *PATIENT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    series = Series.read(tmp_path / "out/series.json")
    total = series.total()
    for kind in (CONNECT, SEND, DELIVER, HTTP):
        assert total.latency(kind).count > 0, kind
    assert not total.failures
    assert not total.order_errors
    assert [one.text for one in series.annotations] == ["all connections drop"] * 2
    # The stack has two replicas.
    assert max(len(second.connections) for second in series.in_order()) == 2
    assert "POST     /accounts/login/" in done.stderr
    assert "POST     /settings/tokens/" in done.stderr  # the bot creates its token
    assert (tmp_path / "out/locust.html").stat().st_size > 0
    # The plan contained sessions, so it was removed.
    assert not (tmp_path / "out/plan.json").exists()
    assert "sessionid" not in json.dumps(series.to_json()) + done.stdout + done.stderr


def test_an_unreachable_host_gives_an_error(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    sessions.write_text("Cookie: sessionid=x\n")
    host = ["--host", "http://127.0.0.1:1", "--sessions", str(sessions), "--users", "1"]
    done = load(*host, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "http://127.0.0.1:1 does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def load(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "loadtests.load", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
    )

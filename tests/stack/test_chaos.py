"""A short run of `make chaos` with every fault mechanism, and what it leaves behind."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from loadtests.chaos.fault_catalogue import KIND_BY_NAME
from loadtests.chaos.fault_kind import Mechanism
from loadtests.lib.servers.process import ROOT
from loadtests.lib.servers.stack import wait_until
from tests.stack.private_network import needs_private_network

SEED, SECONDS = 11, 50
SMALL = ("--users", "40", "--tabs", "100", "--min-rate", "2", "--deadline-factor", "10")

pytestmark = needs_private_network


def chaos(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadtests.chaos", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_no_fault_loses_messages(tmp_path: Path) -> None:
    done = chaos("--seconds", str(SECONDS), "--seed", str(SEED), "--folder", str(tmp_path), *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((tmp_path / f"{SEED}/summary.json").read_text())
    mechanisms = {KIND_BY_NAME[row["name"]].mechanism for row in summary["rows"]}
    assert mechanisms == set(Mechanism)
    assert all(row["evidence"] for row in summary["rows"])
    judged = subprocess.run(
        [sys.executable, "-m", "loadtests.lib.checker", str(tmp_path / str(SEED))], cwd=ROOT
    )
    assert judged.returncode == 0


def test_a_killed_run_leaves_nothing_behind(tmp_path: Path) -> None:
    """The run's hosts and their processes end with it, because nothing could remove them later."""
    folder = ("--folder", str(tmp_path))
    run = subprocess.Popen(
        [sys.executable, "-m", "loadtests.chaos", *folder, *SMALL], cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: {"redis-server", "nginx"} <= _names(_family(run)), 100)
        family = _family(run)
    finally:
        run.kill()
        run.communicate()
    wait_until(lambda: not [one for one in family if one.is_running()], 30)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--faults", "earthquake"), "no fault is called 'earthquake'; there are replica-killed"),
        (("--seeds", "many"), "'many' is no list of seeds: give 1-10, or 1,5,7"),
        (("--faults", "redis-down", "--seconds", "10"), "give more time, or fewer of them"),
    ],
)
def test_invalid_input_gives_an_error(arguments: tuple[str, ...], message: str) -> None:
    done = chaos(*arguments)
    assert done.returncode not in (0, None)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def _family(runner: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(runner.pid).children(recursive=True)


def _names(processes: list[psutil.Process]) -> set[str]:
    names = set()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            names.add(process.name())
    return names

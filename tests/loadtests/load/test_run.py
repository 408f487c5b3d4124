"""Locust's people find out a place that loses or doubles, and the exit status says what came of it.

Locust patches the standard library, so it runs in processes of its own, as it does for people; all
runs of this file at the same time.
"""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from loadtests.lib import exit_codes
from loadtests.lib.servers.process import ROOT
from loadtests.load.__main__ import locust, started, worker_of
from loadtests.load.plan import Limits, Plan
from loadtests.load.run_series import DELIVER, DOUBLE, GAP, SEND, Series
from scripts.stack.ports import free_port
from tests.support.faulty_chat_server import ROOM, faulty_chat_server

USERS = 5  # three readers, a talker, a lurker
SECONDS = 8
WITHIN_SECONDS = 90
# What a busy machine cannot break.
PATIENT = Limits(*(60_000.0,) * 4, generator_cpu_percent=10_000, generator_lag_ms=60_000)


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    said: str
    series: Series


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ended]]:
    folder = tmp_path_factory.mktemp("runs")
    wanted = {
        "honest": ("", PATIENT),
        "gap": ("gap", PATIENT),
        "double": ("double", PATIENT),
        "impossible": ("", replace(PATIENT, send_ms=0.001)),
        "busy": ("", replace(PATIENT, generator_cpu_percent=0.0001, send_ms=0.001)),
    }
    with ExitStack() as stack:
        processes = {
            name: start(stack, folder / name, lie, limits) for name, (lie, limits) in wanted.items()
        }
        processes["shared"] = start(stack, folder / "shared", "", PATIENT, workers=2)
        yield {name: end(folder / name, process) for name, process in processes.items()}


def start(
    stack: ExitStack, folder: Path, lie: str, limits: Limits, workers: int = 0
) -> "subprocess.Popen[str]":
    folder.mkdir()
    address = stack.enter_context(faulty_chat_server(lie))
    people = [f"Cookie: sessionid={number}" for number in range(USERS + workers)]
    series = str(folder / "series.json")
    plan = Plan("run", f"http://{address}", "hot", USERS, 20, SECONDS, people, [ROOM], limits)
    plan.series = series
    plan.write(folder / "plan.json")
    command = [*locust(), "--host", plan.host, "--headless", "--only-summary"]
    if workers:
        port = free_port()
        for _ in range(workers):
            stack.enter_context(started(worker_of("127.0.0.1", port)))
        command += ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", str(port)]
        command += ["--expect-workers", str(workers)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    environment |= {"LOAD_PLAN": str(folder / "plan.json")}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(folder: Path, process: "subprocess.Popen[str]") -> Ended:
    said, _ = process.communicate(timeout=WITHIN_SECONDS)
    return Ended(process.returncode, said, Series.read(folder / "series.json"))


def test_an_honest_place_meets_every_limit(runs: dict[str, Ended]) -> None:
    honest = runs["honest"]
    assert honest.status == exit_codes.PASSED, honest.said
    total = honest.series.total()
    assert total.latency(SEND).count > 0
    assert total.latency(DELIVER).count > total.latency(SEND).count
    assert not total.faults
    assert max(second.users for second in honest.series.in_order()) == USERS


def test_locusts_own_statistics_have_every_delivery(runs: dict[str, Ended]) -> None:
    honest = runs["honest"]
    row = next(line for line in honest.said.splitlines() if line.startswith("DELIVER"))
    assert int(row.split()[2]) == honest.series.total().latency(DELIVER).count


@pytest.mark.parametrize(("lie", "fault"), [("gap", GAP), ("double", DOUBLE)])
def test_a_lie_is_found_on_every_socket_and_fails_the_run(
    runs: dict[str, Ended], lie: str, fault: str
) -> None:
    lied = runs[lie]
    assert lied.status == exit_codes.FAILED, lied.said
    found = lied.series.total().faults
    assert set(found) == {fault}
    assert 1 <= found[fault] <= USERS
    assert f"CHECK    {fault}" in lied.said
    assert f"room {ROOM}: event " in lied.said
    assert "(socket c" in lied.said


def test_an_impossible_limit_is_missed(runs: dict[str, Ended]) -> None:
    assert runs["impossible"].status == exit_codes.FAILED, runs["impossible"].said
    assert "missed" in runs["impossible"].said


def test_a_busy_generator_says_so_and_judges_no_latency(runs: dict[str, Ended]) -> None:
    busy = runs["busy"]
    assert busy.status == exit_codes.GENERATOR_LIMITED, busy.said
    assert "The generator was the bottleneck: " in busy.said


def test_two_workers_play_everybody_once_and_their_seconds_add_up(runs: dict[str, Ended]) -> None:
    shared = runs["shared"]
    assert shared.status == exit_codes.PASSED, shared.said
    generators = {name for second in shared.series.in_order() for name in second.generators}
    assert len(generators) == 2
    assert max(second.users for second in shared.series.in_order()) == USERS
    row = next(line for line in shared.said.splitlines() if line.startswith("DELIVER"))
    assert int(row.split()[2]) == shared.series.total().latency(DELIVER).count > 0

"""Locust users notice a server that loses or duplicates events, and the exit status reports it.

Locust patches the standard library, so it runs in processes of its own. All runs of this file run
at the same time.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from websockets.sync.client import connect

from loadtests.lib import exit_codes
from loadtests.lib.measurements.limits import RunLimits
from loadtests.lib.measurements.series import DELIVER, DUPLICATE, GAP, SEND, Series
from loadtests.lib.servers.process import ROOT
from loadtests.load.__main__ import locust_command, started, worker_command
from loadtests.load.plan import LoadPlan
from scripts.stack.ports import free_port
from tests.support.faulty_chat_server import ROOM, faulty_chat_server

USERS = 5  # these are three readers, a talker and a lurker
SECONDS = 8
TIMEOUT_SECONDS = 90
# Limits that even a busy machine does not exceed.
GENEROUS = RunLimits(*(60_000.0,) * 4, generator_cpu_percent=10_000, generator_lag_ms=60_000)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    status: int
    output: str
    series: Series


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FinishedRun]]:
    folder = tmp_path_factory.mktemp("runs")
    wanted = {
        "correct": ("", GENEROUS),
        "gap": ("gap", GENEROUS),
        "double": ("double", GENEROUS),
        "impossible": ("", replace(GENEROUS, send_ms=0.001)),
        "busy": ("", replace(GENEROUS, generator_cpu_percent=0.0001, send_ms=0.001)),
    }
    with ExitStack() as stack:
        processes = {
            name: start(stack, folder / name, fault, limits)
            for name, (fault, limits) in wanted.items()
        }
        processes["shared"] = start(stack, folder / "shared", "", GENEROUS, workers=2)
        yield {name: finish(folder / name, process) for name, process in processes.items()}


def start(
    stack: ExitStack, folder: Path, fault: str, limits: RunLimits, workers: int = 0
) -> "subprocess.Popen[str]":
    address = stack.enter_context(faulty_chat_server(fault))
    return start_at(stack, address, folder, limits, workers)


def start_at(
    stack: ExitStack,
    address: str,
    folder: Path,
    limits: RunLimits,
    workers: int = 0,
    rate: float = 20,
    seconds: float = SECONDS,
) -> "subprocess.Popen[str]":
    folder.mkdir()
    identities = [f"Cookie: sessionid={number}" for number in range(USERS + workers)]
    series = str(folder / "series.json")
    plan = LoadPlan(
        "run", f"http://{address}", "hot", USERS, rate, seconds, identities, [ROOM], limits
    )
    plan.series = series
    plan.write(folder / "plan.json")
    command = [*locust_command(), "--host", plan.host, "--headless", "--only-summary"]
    if workers:
        port = free_port()
        for _ in range(workers):
            stack.enter_context(started(worker_command("127.0.0.1", port)))
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


def finish(folder: Path, process: "subprocess.Popen[str]") -> FinishedRun:
    output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    return FinishedRun(process.returncode, output, Series.read(folder / "series.json"))


def test_a_correct_server_meets_every_limit(runs: dict[str, FinishedRun]) -> None:
    correct = runs["correct"]
    assert correct.status == exit_codes.PASSED, correct.output
    total = correct.series.total()
    assert total.latency(SEND).count > 0
    assert total.latency(DELIVER).count > total.latency(SEND).count
    assert not total.order_errors
    assert max(second.users for second in correct.series.in_order()) == USERS


def test_locusts_own_statistics_have_every_delivery(runs: dict[str, FinishedRun]) -> None:
    correct = runs["correct"]
    row = next(line for line in correct.output.splitlines() if line.startswith("DELIVER"))
    assert int(row.split()[2]) == correct.series.total().latency(DELIVER).count


@pytest.mark.parametrize(("fault", "error"), [("gap", GAP), ("double", DUPLICATE)])
def test_an_order_error_is_found_on_every_connection_and_fails_the_run(
    runs: dict[str, FinishedRun], fault: str, error: str
) -> None:
    run = runs[fault]
    assert run.status == exit_codes.FAILED, run.output
    found = run.series.total().order_errors
    assert set(found) == {error}
    assert 1 <= found[error] <= USERS
    assert f"CHECK    {error}" in run.output
    assert f"room {ROOM}: event " in run.output
    assert "(connection c" in run.output


def test_an_impossible_limit_is_missed(runs: dict[str, FinishedRun]) -> None:
    assert runs["impossible"].status == exit_codes.FAILED, runs["impossible"].output
    assert "missed" in runs["impossible"].output


def test_a_busy_generator_says_so_and_judges_no_latency(runs: dict[str, FinishedRun]) -> None:
    busy = runs["busy"]
    assert busy.status == exit_codes.GENERATOR_LIMITED, busy.output
    assert "The generator was the bottleneck: " in busy.output


def test_two_workers_share_the_users_and_their_seconds_add_up(
    runs: dict[str, FinishedRun],
) -> None:
    shared = runs["shared"]
    assert shared.status == exit_codes.PASSED, shared.output
    generators = {name for second in shared.series.in_order() for name in second.generators}
    assert len(generators) == 2
    assert max(second.users for second in shared.series.in_order()) == USERS
    row = next(line for line in shared.output.splitlines() if line.startswith("DELIVER"))
    assert int(row.split()[2]) == shared.series.total().latency(DELIVER).count > 0


def test_ctrl_c_ends_a_busy_run_with_its_verdict(tmp_path: Path) -> None:
    folder = tmp_path / "interrupted"
    with ExitStack() as stack:
        address = stack.enter_context(faulty_chat_server())
        process = start_at(stack, address, folder, GENEROUS, rate=400, seconds=600)
        wait_for_messages(address, 200)
        process.send_signal(signal.SIGINT)
        run = finish(folder, process)
    assert run.status == exit_codes.PASSED, run.output
    assert "Traceback" not in run.output, run.output
    assert run.series.total().latency(DELIVER).count > 0


def wait_for_messages(address: str, count: int) -> None:
    """Wait until the run has sent a number of messages."""
    with connect(f"ws://{address}/ws/", subprotocols=["hubbub.v1"]) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"type": "subscribe", "ref": 1, "rooms": {str(ROOM): None}}))
        received = 0
        while received < count:
            frame = json.loads(socket.recv(timeout=TIMEOUT_SECONDS))
            received += frame["type"] == "message.created"

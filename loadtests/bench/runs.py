"""One run of load against one chat: the load process, and the servers' CPU time meanwhile."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import TypedDict

import psutil

from loadtests.bench.chats import Chat
from loadtests.bench.plan import Plan, Result
from loadtests.servers.process import ROOT

DRAIN_SECONDS = 15.0


class Measured(TypedDict):
    """A run's result; `cpu_seconds` is user and system time of the replicas and Redis."""

    chat: str
    cpu_seconds: float
    result: Result


def run(
    chat: Chat,
    kind: str,
    name: str,
    places: list[tuple[str, str, str]],
    seconds: float,
    per_second: float = 0,
) -> Measured:
    """Put one load on a chat and return what came of it. Raises RuntimeError when it breaks."""
    plan: Plan = {
        "kind": kind,
        "dialect": chat.name,
        "run": name,
        "places": places,
        "seconds": seconds,
        "per_second": per_second,
        "drain_seconds": DRAIN_SECONDS,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "loadtests.bench.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _tell(process, json.dumps(plan))
            _hear(process)
            before = cpu_seconds(chat.pids)
            _tell(process, "go")
            result: Result = json.loads(_hear(process))
            after = cpu_seconds(chat.pids)
        finally:
            process.kill()
    return {"chat": chat.name, "cpu_seconds": round(after - before, 2), "result": result}


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return what the processes have used so far, user and system time."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(time.user + time.system for time in times))


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _hear(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("The load process ended without a result; see above.")
    return line

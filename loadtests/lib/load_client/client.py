"""Compiles the load client, runs it, and returns its results."""

import json
import os
import shutil
import subprocess
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from loadtests.lib.load_client.plan import ClientPlan, encode
from loadtests.lib.servers.process import ROOT

SOURCES = Path(__file__).parent / "c"
PROGRAM = ROOT / "data/bench/load-client"
FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra"]

SHARES = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}

Result = dict[str, Any]


class LoadError(Exception):
    """The load could not be run. The text says why."""


class LoadClient:
    """A running load client. Its connections stay open until the client is closed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.opened: Result = {}

    def start(self, plan: ClientPlan) -> None:
        """Open all connections. Raises LoadError if some of them do not open."""
        self._write(encode(plan))
        self.opened = _with_percentiles(json.loads(self._read()), "live")

    def paced(
        self, rate: float, seconds: float, at_edges: Callable[[], None], **options: Any
    ) -> Result:
        """Send at a fixed rate, even if the server falls behind. The senders take turns."""
        return self._run(f"paced {rate}", seconds, at_edges, **options)

    def closed(
        self,
        seconds: float,
        at_edges: Callable[[], None],
        *,
        on_ack: bool = False,
        **options: Any,
    ) -> Result:
        """Let each sender send its next message once its last one was delivered to it.

        With `on_ack`, a sender waits for the acknowledgement instead of the delivery.
        """
        return self._run(f"closed {int(on_ack)}", seconds, at_edges, **options)

    def _run(
        self,
        kind: str,
        seconds: float,
        at_edges: Callable[[], None],
        *,
        senders: int,
        first: int = 0,
        warm_up: float = 1.0,
        drain: float = 10.0,
    ) -> Result:
        """Run a load. Call `at_edges` when the measured window starts and when it ends."""
        self._write(f"{kind} {warm_up} {seconds} {drain} {first} {senders}")
        for edge in ("begin", "end"):
            line = self._read()
            assert line == edge, line
            at_edges()
        return _with_percentiles(json.loads(self._read()), "delivery", "ack")

    def _write(self, lines: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(lines + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return line.strip()

    def _failure(self) -> LoadError:
        assert self._process.stderr is not None
        return LoadError(self._process.stderr.read().strip() or "The load client ended.")


@contextmanager
def running(plan: ClientPlan) -> Iterator[LoadClient]:
    """Run a load client that has the plan's connections open."""
    with subprocess.Popen(
        [str(program())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            client = LoadClient(process)
            client.start(plan)
            yield client
        finally:
            process.kill()


def percentile_ms(buckets: Sequence[Sequence[int]], share: float) -> float:
    """Return the time that this share of the durations did not exceed; 0 if there are no durations.

    `buckets` are in order. Each has its upper edge in microseconds and its count.
    """
    edges = [upper_us for upper_us, _ in buckets]
    below = list(accumulate(count for _, count in buckets))
    return edges[bisect_left(below, share * below[-1])] / 1_000 if below else 0.0


def _with_percentiles(result: Result, *names: str) -> Result:
    for name in names:
        durations = result[name]
        for label, share in SHARES.items():
            durations[label] = percentile_ms(durations["buckets"], share)
    return result


@cache
def program() -> Path:
    """Compile the load client and return the path of the program."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise LoadError("The load client needs a C compiler: scripts/install-servers bench.")
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    sources = [str(source) for source in sorted(SOURCES.glob("*.c"))]
    # Another process could be using or creating the program at this moment.
    new = PROGRAM.with_suffix(f".{os.getpid()}")
    compiled = subprocess.run(
        [compiler, *FLAGS, "-o", str(new), *sources], capture_output=True, text=True
    )
    if compiled.returncode:
        raise LoadError(f"The load client could not be compiled:\n{compiled.stderr}")
    return new.replace(PROGRAM)

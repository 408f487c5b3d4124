"""The load client from Python's side: a plan, one process for it, and the results of its runs.

All strings that differ between servers are in the `Dialect`; the client itself (client/*.c) knows
WebSocket, rooms and numbers only. In what is sent `$N` is the message's number, `$R` its room, and
`$I` a word that no other client has.
"""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from loadtests.lib.client.websocket_bytes import handshake
from loadtests.lib.servers.process import ROOT

SOURCES = Path(__file__).parent / "client"
PROGRAM = ROOT / "data/bench/load-client"
FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra"]

Result = dict[str, Any]


class LoadError(Exception):
    """The load could not be put on a server; the text says why."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server's frames begin, and what is sent to it. An empty one does not exist."""

    send: str
    delivery: str = ""
    answer: str = ""  # to a send, apart from its delivery
    opened: str = ""  # a room; where it is empty, connecting opens it
    problem: str = ""
    ping: str = ""  # in text frames; WebSocket's own are always answered
    pong: str = ""
    order: str = ""  # before the number that must grow in each room; empty: check each sender's


@dataclass(frozen=True, slots=True)
class Seat:
    """One socket that is to be opened. `rooms` are known by the names that the server gave them."""

    address: str
    path: str
    rooms: Sequence[str]
    headers: dict[str, str] = field(default_factory=dict)
    open: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`senders` are (index of a seat, room); `past` has the room of each message missed by now."""

    dialect: Dialect
    seats: Sequence[Seat]
    senders: Sequence[tuple[int, str]] = ()
    past: Sequence[str] = ()
    missed: int = 0  # messages that each seat gets before it counts as live
    connecting: int = 64
    opening: int = 64
    retry: bool = False
    spread: float = 0.0
    patience: float = 0.0
    deadline: float = 120.0  # seconds until all must be open


class Load:
    """A running client; its sockets stay open until it is closed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.opened: Result = {}

    def start(self, plan: Plan) -> None:
        """Open all sockets. Raises LoadError when they do not open."""
        self._tell("\n".join([*lines_of(plan), "go"]))
        self.opened = json.loads(self._hear())

    def paced(
        self, rate: float, seconds: float, at_edges: Callable[[], None], **options: Any
    ) -> Result:
        """Send at a rate, the senders in turn, whatever comes back."""
        return self._run(f"paced {rate}", seconds, at_edges, **options)

    def closed(
        self,
        seconds: float,
        at_edges: Callable[[], None],
        *,
        on_answer: bool = False,
        **options: Any,
    ) -> Result:
        """Have each sender send its next when its last came back to it, or was answered."""
        return self._run(f"closed {int(on_answer)}", seconds, at_edges, **options)

    def _run(
        self,
        kind: str,
        seconds: float,
        at_edges: Callable[[], None],
        *,
        senders: int,
        first: int = 0,
        warm: float = 1.0,
        drain: float = 10.0,
    ) -> Result:
        """Call `at_edges` when the window of `seconds` begins and when it ends."""
        self._tell(f"run {kind} {warm} {seconds} {drain} {first} {senders}")
        for edge in ("begin", "end"):
            heard = self._hear()
            assert heard == edge, heard
            at_edges()
        result: Result = json.loads(self._hear())
        return result

    def _tell(self, lines: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(lines + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None

    def _hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return line.strip()

    def _failure(self) -> LoadError:
        assert self._process.stderr is not None
        return LoadError(self._process.stderr.read().strip() or "The load client ended.")


@contextmanager
def running(plan: Plan) -> Iterator[Load]:
    """Run a load client with the plan's sockets open."""
    with subprocess.Popen(
        [str(program())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            load = Load(process)
            load.start(plan)
            yield load
        finally:
            process.kill()


@cache
def program() -> Path:
    """Compile the client; return its path."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise LoadError("No C compiler is here for the load client: scripts/install-servers bench.")
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    sources = [str(source) for source in sorted(SOURCES.glob("*.c"))]
    # Others may be using or making the same file at this moment.
    new = PROGRAM.with_suffix(f".{os.getpid()}")
    made = subprocess.run(
        [compiler, *FLAGS, "-o", str(new), *sources], capture_output=True, text=True
    )
    if made.returncode:
        raise LoadError(f"The load client could not be compiled:\n{made.stderr}")
    return new.replace(PROGRAM)


def lines_of(plan: Plan) -> Iterator[str]:
    """Yield the plan as client/plan.c reads it, but for the last line."""
    yield from _facts(plan)
    rooms = _numbered([room for seat in plan.seats for room in seat.rooms])
    addresses = _numbered([seat.address for seat in plan.seats])
    yield from (f"room {_escaped(room)}" for room in rooms)
    yield from ("address " + address.replace(":", " ") for address in addresses)
    for seat in plan.seats:
        yield f"socket {addresses[seat.address]} {','.join(str(rooms[r]) for r in seat.rooms)}"
        request = handshake(seat.address, seat.path, seat.headers)
        yield f"request {_escaped(request.decode())}"
        yield f"open {_escaped(seat.open)}"
    yield from (f"sender {seat} {rooms[room]}" for seat, room in plan.senders)
    yield from (f"past {rooms[room]}" for room in plan.past)


def _facts(plan: Plan) -> Iterator[str]:
    dialect = plan.dialect
    for name in ("send", "delivery", "answer", "opened", "problem", "ping", "pong", "order"):
        text = getattr(dialect, name).replace("$I", secrets.token_hex(4))
        yield f"{name} {_escaped(text)}"
    for name in ("connecting", "opening", "spread", "deadline", "patience", "missed"):
        yield f"{name} {getattr(plan, name)}"
    yield f"retry {int(plan.retry)}"
    yield f"subscriptions {len(plan.seats[0].rooms) if dialect.opened else 0}"


def _numbered(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")

"""A child process that serves on a port of its host and can be stopped, killed and paused.

It is the base class of `Postgres`, `Redis` and `Replica`. `start` returns once the server answers.
A server that is started again keeps its port and its files.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, ClassVar, Protocol, Self

import psutil

from loadtests.lib.servers.fork_server import ForkServer
from loadtests.lib.servers.host import LOOPBACK, Host
from loadtests.lib.servers.startable import Startable
from scripts.stack.child_process import launcher_command
from scripts.stack.ports import free_port
from scripts.stack.programs import is_root

ROOT = Path(__file__).resolve().parents[3]
HOST = LOOPBACK.address
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class ServerError(Exception):
    """A server did not start, stop or answer. The text says why, or what to do."""


class Process(Protocol):
    """What a server needs of its process: a `subprocess.Popen`, or a child of the fork server."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int, /) -> None: ...


class Server(Startable):
    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    # The signal that ends the server quickly. It is used when the server's files are no longer
    # needed.
    end_signal: ClassVar[signal.Signals] = signal.SIGKILL
    # Whether this server is a Python program that the fork server can start.
    forkable: ClassVar[bool] = False
    # Whether it must run as the user `postgres` if we are root.
    refuses_root: ClassVar[bool] = False

    def __init__(self, host: Host = LOOPBACK) -> None:
        self.host = host
        self._folder = TemporaryDirectory(prefix=f"hubbub-{self.name}-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        self.log = self.folder / "log"
        self.port = free_port()
        self.user: str | None = None  # the user that runs the process, if it is not the current one
        if self.refuses_root and is_root():
            self.user = "postgres"
            shutil.chown(self.folder, "postgres", "postgres")
        self._process: Process | None = None

    @abstractmethod
    def command(self) -> list[str]: ...

    def answers(self) -> bool:
        """Return whether the server is serving. `start` calls this until it is.

        While the server is not serving, this can also raise OSError.
        """
        with socket.create_connection((self.host.address, self.port), timeout=1):
            return True

    def environment(self) -> Mapping[str, str] | None:
        return None

    @property
    def address(self) -> str:
        return f"{self.host.address}:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    def start(self) -> Self:
        if not self.running:
            self.spawn()
            self.wait_until_ready()
        return self

    def spawn(self) -> None:
        """Start the server without waiting for an answer."""
        with self.log.open("ab") as log:
            self._process = self._start_process(log)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers_now():
            if not self.running or time.monotonic() > deadline:
                raise ServerError(
                    f"{self.name} does not answer on port {self.port}. Its log ends:\n{self.tail()}"
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server as an operator would, and wait until it has ended."""
        self._end_by(self.stop_signal)

    def kill(self) -> None:
        """Kill the server with all its children, like a crash (SIGKILL)."""
        self._signal_all(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(STOP_SECONDS)

    def pause(self) -> None:
        """Freeze the server and its children (SIGSTOP).

        Connections stay open and nothing is answered. Returns when all these processes are stopped,
        including children that start in the meantime.
        """
        deadline = time.monotonic() + STOP_SECONDS
        while not all(_is_stopped(process) for process in self._family()):
            self._signal_all(signal.SIGSTOP)
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} could not be paused.")

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    @contextmanager
    def paused(self) -> Iterator[None]:
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def close(self) -> None:
        """End the server and remove its files."""
        try:
            self._end_by(self.end_signal)
        finally:
            self._folder.cleanup()

    def tail(self, lines: int = 30) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _start_process(self, log: BinaryIO) -> Process:
        command, server = self.command(), ForkServer.running
        if server is not None and self.forkable and not self.host.within:
            environment = self.environment() or os.environ
            with Path(os.devnull).open() as stdin:
                return server.fork(
                    command, cwd=ROOT, env=environment, stdin=stdin, stdout=log, stderr=log
                )
        return subprocess.Popen(
            self._launched(command),
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C goes to the tests, which then end their servers
        )

    def _launched(self, command: Sequence[str]) -> list[str]:
        """Return the command that starts the server inside a wrapper.

        The wrapper runs it on the server's host and ends it with this process.
        """
        # The kernel sends the signal when the thread that started the server ends, so only the main
        # thread may ask for it.
        in_main_thread = threading.current_thread() is threading.main_thread()
        orphan_signal = self.end_signal if in_main_thread else 0
        return [*self.host.within, *launcher_command(command, orphan_signal, self.user)]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server itself, not to its children."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def _answers_now(self) -> bool:
        try:
            return self.answers()
        except OSError:
            return False

    def _end_by(self, number: signal.Signals) -> None:
        if self._process is None or not self.running:
            return
        self._process.send_signal(number)
        self.resume()  # a paused process does not handle signals
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(
                f"{self.name} did not end within {STOP_SECONDS:.0f} s of {number.name}, and was "
                f"killed. Its log ends:\n{self.tail()}"
            ) from None

    def _signal_all(self, number: signal.Signals) -> None:
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _family(self) -> list[psutil.Process]:
        if not self.running:
            return []
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        return []


def _is_stopped(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    return True

"""Starts Python programs as forks of one process that has imported most of what they need.

Only `tests/conftest.py` starts the fork server: the tests run a hundred replicas and commands, and
each of them spends a second on the same imports. Benchmarks and fault tests start every process as
a deployment does. `forked_program.py` is the process that forks.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryFile
from typing import ClassVar, Protocol, Self

from loadtests.lib.servers.startable import Startable

NUMBER = struct.Struct("i")  # a pid or an exit status


class HasDescriptor(Protocol):
    def fileno(self) -> int: ...


class ForkedProcess:
    """A child of the fork server, with the methods of a `subprocess.Popen`."""

    def __init__(self, reports: socket.socket) -> None:
        """`reports` delivers the child's pid, and later its exit status."""
        self._reports = reports
        self._lock = threading.Lock()  # one thread can wait while another one polls
        [self.pid] = NUMBER.unpack(reports.recv(NUMBER.size))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None and wait([self._reports], 0):
                # No report: the fork server has ended, and its children with it.
                report = self._reports.recv(NUMBER.size) or NUMBER.pack(-signal.SIGKILL)
                [self.returncode] = NUMBER.unpack(report)
                self._reports.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.poll() is None:
            wait([self._reports], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return status

    def __del__(self) -> None:
        # Nobody waited for this process to end, so the socket can still be open.
        self._reports.close()

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


class ForkServer(Startable):
    # The fork server that starts replicas and `manage.py`, if there is one.
    running: ClassVar["ForkServer | None"] = None

    def start(self) -> Self:
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        script = str(Path(__file__).with_name("forked_program.py"))
        with theirs:
            self._process = subprocess.Popen(
                # -P keeps the file's folder off the path, where `redis.py` would hide the package.
                [sys.executable, "-P", script, str(theirs.fileno())],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        return self

    def close(self) -> None:
        """End the fork server and all its children."""
        self._control.close()
        self._process.wait()

    def fork(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdin: HasDescriptor,
        stdout: HasDescriptor,
        stderr: HasDescriptor,
    ) -> ForkedProcess:
        """Start the Python program of `command` (`python file …` or `python -m module …`)."""
        ours, theirs = socket.socketpair()
        with theirs, TemporaryFile("w+") as request:
            json.dump({"command": command, "cwd": str(cwd), "environment": dict(env)}, request)
            request.flush()
            files = (request, stdin, stdout, stderr, theirs)
            with self._lock:
                # Only one byte is sent, because it cannot arrive in parts. The request itself is in
                # a file.
                socket.send_fds(self._control, [b"f"], [file.fileno() for file in files])
        return ForkedProcess(ours)


def run_program(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], input: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a Python program in exactly this environment.

    If the fork server runs, the program is its child.
    """
    start = ForkServer.running.fork if ForkServer.running else subprocess.Popen
    with TemporaryFile("w+") as stdin, TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        stdin.write(input)
        stdin.seek(0)
        status = start(command, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr).wait()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(command, status, stdout.read(), stderr.read())

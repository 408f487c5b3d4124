"""A whole stack (`make stack`), started and controlled from outside, as from two terminals.

The tests of the stack and the loads use it. When the stack is closed, its folder is removed.
PostgreSQL runs as another user and can reach the folder. `PUBLIC_URL` is the address that the
clients use.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self

import psutil

from loadtests.lib.servers.cluster import INHERITED
from loadtests.lib.servers.process import HOST, ROOT, ServerError
from loadtests.lib.servers.startable import Startable
from scripts.stack import control
from scripts.stack.ports import free_port
from scripts.stack.state_directory import StateDirectory

START_SECONDS = 300  # most of this time is for compressing the static files, which happens once
STOP_SECONDS = 40
READY = "Hubbub is running at "


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """A process as `python -m scripts.stack status` shows it."""

    name: str
    state: str
    port: int
    pid: int
    restarts: int


class RunningStack(Startable):
    def __init__(self, **environment: str) -> None:
        self.folder = Path(mkdtemp(prefix="hubbub-stack-"))
        self.folder.chmod(0o711)  # PostgreSQL's user must be able to reach its files
        self.port = int(environment.get("PORT", free_port()))
        self.log = self.folder / "log"
        self.environment = {name: os.environ[name] for name in INHERITED & os.environ.keys()} | {
            "STACK_DIR": str(self.folder / "stack"),
            "PORT": str(self.port),
            "PUBLIC_URL": f"http://{HOST}:{self.port}",
            "DRAIN_SECONDS": "1",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> Self:
        """Start the stack. Return once it reports that it is running."""
        self.log.write_text("")
        self.spawn()
        wait_until(lambda: READY in self.output() or not self.running, START_SECONDS)
        if not self.running:
            raise ServerError(f"The stack ended:\n{self.output()}")
        return self

    def spawn(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.stack", "up"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        """Stop the stack as Ctrl-C does, and wait until it has ended."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_SECONDS)

    def close(self) -> None:
        """End the stack, whatever state it is in, and remove its folder."""
        try:
            if self.running:
                self.stop()
        finally:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            wait_until(lambda: not self.left_behind(), STOP_SECONDS)
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def command(self, *arguments: str, **options: Any) -> str:
        """Run a command of the stack from a second terminal. Return its output."""
        done = self.attempt(*arguments, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(
        self,
        *arguments: str,
        input: str | None = None,
        timeout: float | None = START_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "scripts.stack", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=input,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def manage(self, *arguments: str, input: str | None = None) -> str:
        """Run `manage.py` as an operator would. Return its output.

        There is no timeout: creating the users of a large load takes many minutes.
        """
        return self.command("manage", "--", *arguments, input=input, timeout=None)

    def processes(self) -> dict[str, ProcessStatus]:
        """Return the status of each process, by its name."""
        return processes_of(self.folder / "stack")

    def replicas(self) -> list[ProcessStatus]:
        """Return the replicas once all of them run. A replica that restarts has no pid yet."""
        wait_until(lambda: all(row.pid for row in self._replicas()))
        return self._replicas()

    def _replicas(self) -> list[ProcessStatus]:
        return [row for name, row in self.processes().items() if name.startswith("realtime-")]

    def variable(self, name: str) -> str:
        """Return an environment variable of the stack's processes."""
        return environment_of(self.folder / "stack")[name]

    def left_behind(self) -> list[psutil.Process]:
        """Return the processes that use the stack's folder, however they were started."""
        folder, found = str(self.folder), []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                environment = process.environ().get("STACK_DIR", "")
                words = [*process.cmdline(), environment]
                if process.status() != psutil.STATUS_ZOMBIE and any(folder in one for one in words):
                    found.append(process)
        return found


def processes_of(folder: Path) -> dict[str, ProcessStatus]:
    """Return the processes of the stack that runs in `folder`. Raises StackError if none runs."""
    rows = {}
    for line in control.send_request(folder / "control", {"do": "status"}):
        name, state, _, port, _, pid, restarts, _ = line.split()
        rows[name] = ProcessStatus(
            name, state, int(port), int(pid.replace("-", "0")), int(restarts)
        )
    return rows


def environment_of(folder: Path) -> dict[str, str]:
    """Return the environment of the processes of the stack in `folder`."""
    return StateDirectory(folder).read_environment()


def wait_until(condition: Callable[[], object], within: float = 20) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        time.sleep(0.02)

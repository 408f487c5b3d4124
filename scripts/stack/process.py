"""One process of the stack or of a Heroku dyno: the program, and the process that runs it.

`supervised_service.py` restarts a process that exits; `scripts/heroku` runs each one once.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.child_process import kill_group, launcher_command, spawn
from scripts.stack.output import Output


@dataclass(frozen=True, slots=True)
class Program:
    """Describes what to run, how to see that it is ready, and how to stop it."""

    command: Sequence[str]
    environment: Mapping[str, str]
    cwd: Path
    is_ready: Callable[[], Awaitable[bool]]
    stop_signal: signal.Signals = signal.SIGTERM
    # The signal that the kernel sends when the parent process is gone.
    orphan_signal: signal.Signals = signal.SIGTERM
    user: str | None = None


class Process:
    """A child process that leads its own process group, with its output relayed line by line.

    Because of the group, Ctrl-C does not reach the child, and `run` can kill the workers that a
    child leaves behind: they would keep listening and keep the output open.
    """

    def __init__(self, name: str, program: Program, output: Output) -> None:
        self.name, self.program = name, program
        self._output = output
        self._child: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The process id while the process runs."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    async def run(self) -> int:
        """Run the program until it exits. Return its exit code. Can be called again afterwards."""
        program = self.program
        command = launcher_command(program.command, program.orphan_signal, program.user)
        self._child, lines = await spawn(command, program.environment, program.cwd)
        relay = asyncio.create_task(self._output.relay_all(self.name, lines))
        if self._stopping:  # stop() was called while the process was being spawned
            self.stop()
        code = await self._child.wait()
        kill_group(self._child.pid)
        await relay
        return code

    def stop(self) -> None:
        """Ask the process to exit, now or as soon as it has been spawned."""
        self._stopping = True
        self.send_signal(self.program.stop_signal)

    def send_signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process and its children immediately."""
        self._stopping = True
        if self._child is not None:
            kill_group(self._child.pid)


def describe_exit(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"

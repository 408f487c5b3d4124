"""One process that is kept running: started, watched, started again when it dies, stopped.

A service ends with the manager, even when that one is killed. It leads a process group of its own,
so that Ctrl-C reaches the manager only, and so that what it leaves behind when it dies (workers
that still listen, say) can be ended before it starts again.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.child_process import end_group, launcher_command, spawn
from scripts.stack.errors import StackError
from scripts.stack.output import Output

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
# Who lived for so long died of something else than before.
CALM_SECONDS = 60.0
START_SECONDS = 60.0
DEATHS_WHILE_STARTING = 3


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, and how it is told to end."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    answers: Callable[[], Awaitable[bool]]
    stop_signal: signal.Signals = signal.SIGTERM
    # Sent by the kernel when the manager is gone.
    orphan_signal: signal.Signals = signal.SIGTERM
    user: str = "-"


class Service:
    def __init__(self, name: str, port: int, program: Program, output: Output) -> None:
        self.name, self.port, self.program = name, port, program
        self.deaths = 0
        self.state = "new"
        self._output = output
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it answers. Raises StackError when it does not."""
        self.state = "starting"
        self._life = asyncio.create_task(self._live())
        deadline = time.monotonic() + START_SECONDS
        while not await self.program.answers():
            if self.deaths >= DEATHS_WHILE_STARTING or time.monotonic() > deadline:
                raise StackError(f"{self.name} does not start: the stack's terminal says why.")
            await asyncio.sleep(0.05)
        self.state = "running"

    async def stop(self, within: float) -> None:
        """End it as an operator does, and by force when that takes longer than `within`."""
        self._over.set()
        self.state = "stopping"
        if self._life is None:
            self.state = "stopped"
            return
        self.send(self.program.stop_signal)
        try:
            async with asyncio.timeout(within):
                await asyncio.shield(self._life)
        except TimeoutError:
            self._output.say(f"{self.name} did not end within {within:g} s, and is killed.")
            self.kill()
            await self._life
        self.state = "stopped"

    def send(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it and all that it started, at once."""
        self._over.set()
        self.state = "stopped"
        if self._process is not None:
            end_group(self._process.pid)

    async def _live(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._over.is_set():
            began = time.monotonic()
            code = await self._run()
            if self._over.is_set():
                return
            if time.monotonic() - began > CALM_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self.deaths += 1
            self._output.say(f"{self.name} ended ({told(code)}). It starts again in {pause:g} s.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _run(self) -> int:
        program = self.program
        command = launcher_command(program.command, program.orphan_signal, program.user)
        process, said = await spawn(command, program.environment, program.folder)
        self._process = process
        relayed = asyncio.create_task(self._output.relay_all(self.name, said))
        if self._over.is_set():  # stopped while it was being started
            self.send(self.program.stop_signal)
        code = await process.wait()
        end_group(process.pid)
        await relayed
        return code


def told(code: int) -> str:
    """Say how a process ended."""
    if code < 0:
        return f"by {signal.Signals(-code).name}"
    return f"exit code {code}"

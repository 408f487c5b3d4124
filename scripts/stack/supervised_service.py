"""A supervised process: started, checked for readiness, restarted when it exits, stopped."""

import asyncio
import signal
import time
from contextlib import suppress

from scripts.stack.errors import StackError
from scripts.stack.output import Output
from scripts.stack.process import Process, Program, describe_exit

FIRST_PAUSE_SECONDS = 0.2
MAX_PAUSE_SECONDS = 10.0
# After a process has run for this long, its next restart follows the shortest pause again.
STABLE_SECONDS = 60.0
START_SECONDS = 60.0
MAX_EXITS_WHILE_STARTING = 3


class Service:
    """A supervised process. It exits with the manager, even if the manager is killed."""

    def __init__(self, name: str, port: int, program: Program, output: Output) -> None:
        self.name, self.port = name, port
        self.restarts = 0
        self.state = "new"
        self._output = output
        self._process = Process(name, program, output)
        self._supervision: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    async def start(self) -> None:
        """Start the process and wait until it is ready. Raises StackError on a timeout."""
        self.state = "starting"
        self._supervision = asyncio.create_task(self._supervise())
        deadline = time.monotonic() + START_SECONDS
        while not await self._process.program.is_ready():
            if self.restarts >= MAX_EXITS_WHILE_STARTING or time.monotonic() > deadline:
                raise StackError(f"{self.name} did not start; see the stack's terminal.")
            await asyncio.sleep(0.05)
        self.state = "running"

    async def stop(self, within: float) -> None:
        """Stop the process gracefully; kill it when that takes longer than `within` seconds."""
        self._stopping.set()
        self.state = "stopping"
        if self._supervision is not None:
            self._process.stop()
            try:
                async with asyncio.timeout(within):
                    await asyncio.shield(self._supervision)
            except TimeoutError:
                self._output.write(f"{self.name} did not stop within {within:g} s; killing it.")
                self.kill()
                await self._supervision
        self.state = "stopped"

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the process and all its children immediately."""
        self._stopping.set()
        self.state = "stopped"
        self._process.kill()

    async def _supervise(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._process.run()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > STABLE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self.restarts += 1
            self._output.write(
                f"{self.name} exited ({describe_exit(code)}). Restarting in {pause:g} s."
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

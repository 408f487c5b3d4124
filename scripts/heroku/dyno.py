"""Runs a dyno's processes: starts them in order and stops them together.

Heroku sends SIGTERM to all processes of a dyno together, so children may exit before this process
receives its own signal, and a replica that drains must not be signalled again: a second signal ends
it at once. SIGKILL follows 30 s later. A second signal to this process kills all of its children.
The exit status is 0 after a signal, and 1 when a process exited unexpectedly.
"""

import asyncio
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.heroku.nginx import nginx
from scripts.heroku.options import DynoOptions
from scripts.stack import application
from scripts.stack.application import Release
from scripts.stack.errors import StackError
from scripts.stack.options import ROOT
from scripts.stack.output import Output
from scripts.stack.ports import free_port
from scripts.stack.process import Process, Program, describe_exit

# Heroku gives a dyno 60 s to listen on its port.
READY_SECONDS = 45.0
# SIGTERM may reach this process a moment before or after its children.
SIGTERM_SKEW_SECONDS = 0.5
# How long a replica can take after DRAIN_SECONDS to save its remaining data.
FINISH_SECONDS = 9.0


class Dyno:
    def __init__(self, options: DynoOptions, output: Output) -> None:
        self._options, self._output = options, output
        self._running: dict[asyncio.Task[None], Process] = {}
        self._stopping = asyncio.Event()
        self._signalled = self._killed = False
        self._replica: Program | None = None  # once it has been ready
        self._status = 0

    async def run(self) -> int:
        """Run all processes until the dyno stops. Return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._handle_signal)
        with TemporaryDirectory(prefix="hubbub-dyno-") as directory:
            starting = asyncio.create_task(self._try_to_start(Path(directory)))
            await self._stopping.wait()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await self._stop()
        return self._status

    def _handle_signal(self) -> None:
        if self._signalled:
            self._kill()
        self._signalled = True
        self._stopping.set()

    def _kill(self) -> None:
        self._killed = True
        for process in self._running.values():
            process.kill()

    async def _try_to_start(self, directory: Path) -> None:
        try:
            await self._start(directory)
        except (StackError, OSError) as error:
            self._fail(str(error))

    async def _start(self, directory: Path) -> None:
        """Start nginx last, so that the port opens once web and the replica are ready."""
        release = Release(ROOT, self._options.static)
        web, realtime = _two_free_ports(excluded=self._options.port)
        nginx_program = nginx(self._options, directory, web, realtime)
        upstreams = {
            "web": application.web({}, release, web),
            "realtime": application.realtime({}, release, realtime),
        }
        for name, program in upstreams.items():
            self._spawn(name, program)
        if await _all_ready(list(upstreams.values())):
            self._replica = upstreams["realtime"]
        else:
            self._output.write(
                f"web and realtime are not ready after {READY_SECONDS:g} s. Opening the port "
                "anyway, because the database may still become available."
            )
        self._spawn("nginx", nginx_program)

    def _spawn(self, name: str, program: Program) -> None:
        process = Process(name, program, self._output)
        self._running[asyncio.create_task(self._watch(process))] = process

    async def _watch(self, process: Process) -> None:
        try:
            reason = f"exited ({describe_exit(await process.run())})"
        except OSError as error:
            reason = f"could not be started ({error})"
        if not self._stopping.is_set():
            await asyncio.sleep(SIGTERM_SKEW_SECONDS)
        self._fail(f"{process.name} {reason}; stopping the dyno.")

    def _fail(self, message: str) -> None:
        if not self._stopping.is_set():
            self._output.write(message)
            self._status = 1
            self._stopping.set()

    async def _stop(self) -> None:
        """Stop all processes; some may already be stopping. Kill those that take too long."""
        draining = await self._is_replica_draining()
        for process in self._running.values():
            if self._killed:  # the process may have been started after the second signal
                process.kill()
            elif not (draining and process.program is self._replica):
                process.stop()
        if not self._running:
            return
        within = self._options.drain_seconds + FINISH_SECONDS
        _, late = await asyncio.wait(self._running, timeout=within)
        for task in late:
            self._output.write(f"{self._running[task].name} did not stop in time; killing it.")
            self._running[task].kill()
        await asyncio.gather(*self._running)

    async def _is_replica_draining(self) -> bool:
        """Whether the replica has received Heroku's SIGTERM: it is then no longer ready."""
        if self._replica is None:
            return False
        if self._signalled and not self._killed:
            await asyncio.sleep(SIGTERM_SKEW_SECONDS)
        return not await self._replica.is_ready()


async def _all_ready(programs: list[Program]) -> bool:
    """Wait until all programs are ready. Return whether they were ready in time."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if all([await program.is_ready() for program in programs]):
            return True
        await asyncio.sleep(0.1)
    return False


def _two_free_ports(excluded: int) -> tuple[int, int]:
    first, second, *_ = {free_port() for _ in range(3)} - {excluded}
    return first, second

"""The life of a dyno: its processes are started in order, and end together.

Heroku sends SIGTERM to every process at once, so some of ours may have ended before this one hears
of it; SIGKILL follows 30 s later. The exit status tells: 0 when the dyno was asked to end, 1 when a
part of it ended by itself.
"""

import asyncio
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.heroku.front import nginx
from scripts.heroku.options import ROOT, DynoOptions
from scripts.heroku.process import Process
from scripts.stack import application
from scripts.stack.application import Version
from scripts.stack.errors import StackError
from scripts.stack.output import Output
from scripts.stack.ports import free_port
from scripts.stack.service import Program, told

# Heroku gives a dyno 60 s to listen.
READY_SECONDS = 45.0
# Who ends may have been asked to, by a signal that this process gets a moment later.
ASKED_TOO_SECONDS = 0.5
# After DRAIN_SECONDS, for all that a replica has left to do.
FINISH_SECONDS = 9.0


class Dyno:
    def __init__(self, options: DynoOptions, output: Output) -> None:
        self._options, self._output = options, output
        self._running: dict[asyncio.Task[None], Process] = {}
        self._over = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        """Run everything until it ends; return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._over.set)
        with TemporaryDirectory(prefix="hubbub-dyno-") as folder:
            starting = asyncio.create_task(self._try_to_start(Path(folder)))
            await self._over.wait()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await self._stop()
        return self._status

    async def _try_to_start(self, folder: Path) -> None:
        try:
            await self._start(folder)
        except (StackError, OSError) as error:
            self._fail(str(error))

    async def _start(self, folder: Path) -> None:
        """Start all; nginx last, so that the port is open once there is something behind it."""
        version = Version(ROOT, self._options.static)
        web, realtime = _two_ports(self._options.port)
        front = nginx(self._options, folder, web, realtime)
        behind = [application.web({}, version, web), application.realtime({}, version, realtime)]
        for name, program in zip(("web", "realtime"), behind, strict=True):
            self._begin(name, program)
        if not await _all_answer(behind):
            self._output.say(
                f"Not all is ready after {READY_SECONDS:g} s. The port is opened anyway: "
                "what is behind it may still come, when its database does."
            )
        self._begin("nginx", front)

    def _begin(self, name: str, program: Program) -> None:
        process = Process(name, program, self._output)
        self._running[asyncio.create_task(self._live(process))] = process

    async def _live(self, process: Process) -> None:
        try:
            how = told(await process.run())
        except OSError as error:
            how = f"could not be started: {error}"
        if not self._over.is_set():
            await asyncio.sleep(ASKED_TOO_SECONDS)
        self._fail(f"{process.name} ended ({how}), and the dyno with it.")

    def _fail(self, sentence: str) -> None:
        if not self._over.is_set():
            self._output.say(sentence)
            self._status = 1
            self._over.set()

    async def _stop(self) -> None:
        """Ask all to end, who may have been asked already; end by force who takes too long."""
        for process in self._running.values():
            process.stop()
        if not self._running:
            return
        within = self._options.drain_seconds + FINISH_SECONDS
        _, late = await asyncio.wait(self._running, timeout=within)
        for task in late:
            self._output.say(f"{self._running[task].name} did not end in time, and is killed.")
            self._running[task].kill()
        await asyncio.gather(*self._running)


async def _all_answer(programs: list[Program]) -> bool:
    """Wait until all of them say that they are ready; return whether they did in time."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if all([await program.answers() for program in programs]):
            return True
        await asyncio.sleep(0.1)
    return False


def _two_ports(taken: int) -> tuple[int, int]:
    """Return free ports of this machine, neither of them the one that nginx will have."""
    first, second, *_ = {free_port() for _ in range(9)} - {taken}
    return first, second

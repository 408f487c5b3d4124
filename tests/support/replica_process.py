"""A replica's process from the first signal to its exit status, with what it said meanwhile."""

import asyncio
import os
import signal

from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST
from tests.cluster.stage import ENVIRONMENT, elapse

DRAIN_SECONDS = int(ENVIRONMENT["DRAIN_SECONDS"])
# What a drain may take besides when something does not answer, as operators are told.
FINISH_SECONDS = 10


class Ending:
    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self._said_before = replica.log.stat().st_size

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        os.kill(self.replica.pid, number)

    async def status(self, within: float = DRAIN_SECONDS) -> int:
        """Wait until the process has ended, with a second for itself; return its exit status."""
        assert self.replica._process is not None
        return await asyncio.to_thread(self.replica._process.wait, within + 1)

    async def listens_no_more(self) -> None:
        """Wait until new connections are refused."""
        async with asyncio.timeout(5):
            while True:
                try:
                    _, writer = await asyncio.open_connection(HOST, self.replica.port)
                except OSError:
                    return
                writer.close()
                await elapse(0.02)

    def complaints(self) -> list[str]:
        """Return the lines of its log since then that one would take for a bug."""
        said = self.replica.log.read_bytes()[self._said_before :].decode()
        bad = ("Traceback", "KeyError", "Exception")
        return [line for line in said.splitlines() if any(word in line for word in bad)]

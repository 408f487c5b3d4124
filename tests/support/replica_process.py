"""A replica's process during shutdown: its signals, exit status and log."""

import asyncio
import os
import signal

from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST
from tests.cluster.stage import ENVIRONMENT, elapse

DRAIN_SECONDS = int(ENVIRONMENT["DRAIN_SECONDS"])
# The time that a drain may take in addition if a server does not answer, as docs/operations.md
# says.
FINISH_SECONDS = 10
# Extra time allowed for a busy machine. It is shorter than the delay caused by a drain that wrongly
# waits for unfinished connections, so the tests still catch that.
SPARE_SECONDS = 3


class ReplicaProcess:
    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self._log_size_before = replica.log.stat().st_size

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        os.kill(self.replica.pid, number)

    async def exit_status(self, within: float = DRAIN_SECONDS) -> int:
        """Return the process's exit status. Wait for it for at most `within` plus SPARE_SECONDS."""
        assert self.replica._process is not None
        return await asyncio.to_thread(self.replica._process.wait, within + SPARE_SECONDS)

    async def until_connections_are_refused(self) -> None:
        """Wait until the process refuses new connections."""
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection(HOST, self.replica.port)
                except OSError:
                    return
                writer.close()
                await elapse(0.02)

    def logged_errors(self) -> list[str]:
        """Return the lines logged since this object was made that look like bugs."""
        log = self.replica.log.read_bytes()[self._log_size_before :].decode()
        bad = ("Traceback", "KeyError", "Exception")
        return [line for line in log.splitlines() if any(word in line for word in bad)]

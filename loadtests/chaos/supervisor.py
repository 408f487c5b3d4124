"""Restarts servers that ended, as an operator's platform would.

The main thread starts all servers, because the kernel ties a server's life to the thread that
started it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loadtests.chaos.deployment import ChaosDeployment
from loadtests.lib.servers.process import Server

CHECK_SECONDS = 0.05
PAUSE_SECONDS = 0.2  # between the exit of a server and its next start
READY_SECONDS = 30.0


class Supervisor:
    def __init__(self, deployment: ChaosDeployment) -> None:
        self._deployment = deployment
        self._kept_down: list[Server] = []

    @asynccontextmanager
    async def keeping_down(self, server: Server) -> AsyncIterator[None]:
        """Do not restart a server while the `with` block runs, however the server ended.

        After the block, wait until the server answers again. Raises TimeoutError.
        """
        self._kept_down.append(server)
        try:
            yield
        finally:
            self._kept_down.remove(server)
            await wait_until_ready(server)

    async def watch(self) -> None:
        while True:
            for server in self._deployment.servers:
                if self._needs_restart(server):
                    await asyncio.sleep(PAUSE_SECONDS)
                    if self._needs_restart(server):
                        server.spawn()
            await asyncio.sleep(CHECK_SECONDS)

    def _needs_restart(self, server: Server) -> bool:
        return not server.running and server not in self._kept_down


@asynccontextmanager
async def supervised(deployment: ChaosDeployment) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(deployment)
    watching = asyncio.create_task(supervisor.watch())
    try:
        yield supervisor
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def wait_until_ready(server: Server) -> None:
    """Wait until a server answers after the supervisor has started it. Raises TimeoutError."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            if server.running and await answers(server):
                return
            await asyncio.sleep(0.02)


async def answers(server: Server, within: float = 5.0) -> bool:
    """Ask a server once. Return whether it answers within `within` seconds."""
    try:
        async with asyncio.timeout(within):
            return await asyncio.to_thread(server.answers)
    except (OSError, TimeoutError):
        return False

"""Restarts servers that ended, as an operator's platform would.

A fault that needs a server to stay down calls `keep_down`. The main thread starts all servers,
because the kernel ties a server's life to the thread that started it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loadtests.chaos.deployment import Deployment
from loadtests.lib.servers.process import Server

CHECK_SECONDS = 0.05
PAUSE_SECONDS = 0.2  # between an exit and the next start


class Supervisor:
    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._kept_down: list[Server] = []

    def keep_down(self, server: Server) -> None:
        """Do not restart a server until it is released, however it ended."""
        self._kept_down.append(server)

    def release(self, server: Server) -> None:
        if server in self._kept_down:
            self._kept_down.remove(server)

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
async def supervised(deployment: Deployment) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(deployment)
    watching = asyncio.create_task(supervisor.watch())
    try:
        yield supervisor
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

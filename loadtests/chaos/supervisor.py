"""What an operator's platform does: a server that ended is started again, and so until it runs.

A fault that wants a server to stay away holds it. Everything is started by the main thread: the
kernel ties a server's life to the thread that started it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loadtests.chaos.deployment import Deployment
from loadtests.lib.servers.process import Server

LOOK_SECONDS = 0.05
PAUSE_SECONDS = 0.2  # between an end and the next start


class Supervisor:
    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._held: list[Server] = []

    def hold(self, server: Server) -> None:
        """Let a server stay away until it is let go, whoever ends it."""
        self._held.append(server)

    def let_go(self, server: Server) -> None:
        if server in self._held:
            self._held.remove(server)

    async def watch(self) -> None:
        while True:
            for server in self._deployment.servers:
                if self._is_missing(server):
                    await asyncio.sleep(PAUSE_SECONDS)
                    if self._is_missing(server):
                        server.spawn()
            await asyncio.sleep(LOOK_SECONDS)

    def _is_missing(self, server: Server) -> bool:
        return not server.running and server not in self._held


@asynccontextmanager
async def supervised(deployment: Deployment) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(deployment)
    watching = asyncio.create_task(supervisor.watch())
    try:
        yield supervisor
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

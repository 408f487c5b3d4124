"""nginx reloads its configuration: old workers keep open connections, new ones accept more."""

import asyncio

from loadtests.chaos.faults.fault import Fault


class NginxReloaded(Fault):
    _replaced: frozenset[int] = frozenset()

    async def apply(self) -> None:
        self._replaced = frozenset(await asyncio.to_thread(self.deployment.nginx.reload))

    async def heal(self) -> None:
        """There is nothing to undo."""

    async def evidence(self) -> str:
        return f"{len(self._replaced)} workers were replaced" if self._replaced else ""

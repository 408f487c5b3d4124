"""A rolling deploy: replicas are replaced one by one, each new one serving before the old stops."""

import asyncio

from loadtests.chaos.faults.fault import Fault, FaultContext, wait_until_ready
from loadtests.lib.servers import Replica


class RollingDeploy(Fault):
    def __init__(self, context: FaultContext, victim: int) -> None:
        super().__init__(context, victim)
        self._old: list[Replica] = []
        self._task: asyncio.Task[None] | None = None

    async def apply(self) -> None:
        self._task = asyncio.create_task(self._replace_all())

    async def heal(self) -> None:
        """Wait until all are replaced: a deploy cannot be undone."""
        if self._task is not None:
            await self._task

    async def evidence(self) -> str:
        stopped = [one for one in self._old if not one.running]
        finished = self._task is not None and self._task.done()
        if not finished or not self._old or len(stopped) < len(self._old):
            return ""
        return f"{len(stopped)} replicas were replaced"

    async def _replace_all(self) -> None:
        stopping: list[asyncio.Task[None]] = []
        for old in list(self.deployment.replicas):
            new = self.deployment.new_replica(beside=old)
            await wait_until_ready(new)
            replicas = [new if one is old else one for one in self.deployment.replicas]
            await self.deployment.use_replicas(replicas)
            self._old.append(old)
            stopping.append(asyncio.create_task(asyncio.to_thread(old.stop)))
        await asyncio.gather(*stopping)

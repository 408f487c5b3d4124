"""A rolling deploy: a new replica serves before the old one is sent away, one after another."""

import asyncio

from loadtests.chaos.faults.fault import Fault, Scene, until_answers
from loadtests.lib.servers import Replica


class RollingDeploy(Fault):
    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self._old: list[Replica] = []
        self._task: asyncio.Task[None] | None = None

    async def apply(self) -> None:
        self._task = asyncio.create_task(self._roll())

    async def heal(self) -> None:
        """Wait until all are replaced: it is no fault that could be taken back."""
        if self._task is not None:
            await self._task

    async def seen(self) -> str:
        gone = [one for one in self._old if not one.running]
        if not self._old or len(gone) < len(self._old) or not (self._task and self._task.done()):
            return ""
        return f"{len(gone)} replicas were replaced"

    async def _roll(self) -> None:
        ends: list[asyncio.Task[None]] = []
        for old in list(self.deployment.replicas):
            new = self.deployment.new_replica(beside=old)
            await until_answers(new)
            replicas = [new if one is old else one for one in self.deployment.replicas]
            await self.deployment.serve(replicas)
            self._old.append(old)
            ends.append(asyncio.create_task(asyncio.to_thread(old.stop)))
        await asyncio.gather(*ends)

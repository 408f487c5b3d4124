"""A replica's clock jumps, an hour ahead or back, and jumps back."""

import asyncio

from loadtests.chaos.faults.fault import Fault, Scene
from loadtests.chaos.faults.processes import process_of
from loadtests.lib.servers import Replica

JUMPS_SECONDS = (3_600, -3_600)
# What a replica with such a clock has saved: the time of a message is its replica's.
SAVED = """
    SELECT count(*) FROM chat_message
    WHERE created_at - now() NOT BETWEEN interval '-30 minutes' AND interval '30 minutes'
"""


class ReplicaClock(Fault):
    """Of the replica that most people are on: what they say shows its time."""

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self.replica = max(self.deployment.replicas, key=self._clients_on)
        self.seconds = JUMPS_SECONDS[victim % len(JUMPS_SECONDS)]
        self._before = 0

    async def apply(self) -> None:
        self._before = await self._count()
        self.deployment.set_clock(self.replica, self.seconds)

    async def heal(self) -> None:
        self.deployment.set_clock(self.replica, 0)

    async def seen(self) -> str:
        saved = await self._count() - self._before
        return f"{saved} messages were saved {self.seconds:+d} s from now" if saved > 0 else ""

    def _clients_on(self, replica: Replica) -> int:
        return sum(
            client.connected and process_of(client.history) == replica.pid
            for client in self.scene.clients()
        )

    async def _count(self) -> int:
        postgres, database = self.deployment.postgres, self.deployment.cluster.name
        rows = await asyncio.to_thread(postgres.execute, SAVED, database=database)
        return int(rows[0][0])

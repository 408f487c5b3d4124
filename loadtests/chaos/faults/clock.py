"""A replica's clock jumps an hour ahead or back, and is set right again."""

import asyncio

from loadtests.chaos.faults.fault import Fault, FaultContext
from loadtests.chaos.faults.processes import process_of
from loadtests.lib.servers import Replica

OFFSETS_SECONDS = (3_600, -3_600)
# A message gets its time from its replica.
COUNT_WRONG_TIMES = """
    SELECT count(*) FROM chat_message
    WHERE created_at - now() NOT BETWEEN interval '-30 minutes' AND interval '30 minutes'
"""


class ReplicaClock(Fault):
    """Affects the replica with the most clients, so that saved messages show its time."""

    def __init__(self, context: FaultContext, victim: int) -> None:
        super().__init__(context, victim)
        self.replica = max(self.deployment.replicas, key=self._clients_on)
        self.seconds = OFFSETS_SECONDS[victim % len(OFFSETS_SECONDS)]
        self._before = 0

    async def apply(self) -> None:
        self._before = await self._count()
        self.deployment.set_clock(self.replica, self.seconds)

    async def heal(self) -> None:
        self.deployment.set_clock(self.replica, 0)

    async def evidence(self) -> str:
        saved = await self._count() - self._before
        return f"{saved} messages were saved {self.seconds:+d} s from now" if saved > 0 else ""

    def _clients_on(self, replica: Replica) -> int:
        return sum(
            client.connected and process_of(client.history) == replica.pid
            for client in self.context.clients()
        )

    async def _count(self) -> int:
        postgres, database = self.deployment.postgres, self.deployment.cluster.name
        rows = await asyncio.to_thread(postgres.execute, COUNT_WRONG_TIMES, database=database)
        return int(rows[0][0])

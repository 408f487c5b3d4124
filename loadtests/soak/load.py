"""The load of a soak: always as many visits at once, one after the other, and occasions between.

What fails is counted and told, and the soak goes on: an hour is not lost to one answer that did not
come, and what did not come is a failure at the end.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable
from itertools import count
from typing import Any

from loadtests.checker.fault import Fault
from loadtests.soak import occasions
from loadtests.soak.crowd import Crowd
from loadtests.soak.visit import TALK_SHARE, Visit

VISIT_SECONDS = (60.0, 240.0)
FIRST_VISIT_SECONDS = 5.0  # the first visitors leave at any time, so that they do not go as one
OCCASION_SECONDS = 20.0


class Load:
    def __init__(self, crowd: Crowd, visitors: int, messages_per_second: float) -> None:
        self._crowd, self._visitors = crowd, visitors
        self._pause = visitors * TALK_SHARE / messages_per_second
        self.visits: Counter[str] = Counter()  # what came of them
        self.faults: list[Fault] = []
        self.failures: list[str] = []
        self._sent = 0
        self._here: set[Visit] = set()

    @property
    def sent(self) -> int:
        return self._sent + sum(visit.sent for visit in self._here)

    @property
    def wrong(self) -> int:
        return len(self.faults) + len(self.failures)

    def facts(self) -> dict[str, Any]:
        """Return what was done and what went wrong, for the report."""
        return {
            "sent": self.sent,
            "done": dict(self.visits),
            "faults": [str(fault) for fault in self.faults],
            "failures": self.failures,
        }

    async def run(self, seconds: float) -> None:
        """Have people come and go for so long."""
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for number in range(self._visitors):
                    group.create_task(self._come_and_go(number))
                group.create_task(self._celebrate())
        except TimeoutError:
            return

    async def _come_and_go(self, number: int) -> None:
        await asyncio.sleep(number * FIRST_VISIT_SECONDS / self._visitors)
        shortest = FIRST_VISIT_SECONDS
        while True:
            seconds = random.uniform(shortest, VISIT_SECONDS[1])
            await self._count("visits", self._visit(seconds))
            shortest = VISIT_SECONDS[0]

    async def _visit(self, seconds: float) -> None:
        visit = Visit(self._crowd, random.choice(self._crowd.people), self._pause)
        self._here.add(visit)
        try:
            self.faults += await visit.last(seconds)
        finally:
            self._here.discard(visit)
            self._sent += visit.sent

    async def _celebrate(self) -> None:
        for number in count(1):
            await asyncio.sleep(OCCASION_SECONDS)
            await self._count("meetings", occasions.meet(self._crowd, number))
            await self._count("sign-ins", occasions.sign_in_and_out(self._crowd))

    async def _count(self, what: str, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            self.failures.append(f"{what}: {type(error).__name__}: {error}")
            await asyncio.sleep(1)
        else:
            self.visits[what] += 1

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

from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import Client
from loadtests.lib.client.subscription import Start
from loadtests.soak import occasional_events
from loadtests.soak.accounts import Crowd
from loadtests.soak.user_session import ANSWER_SECONDS, TALK_SHARE, Visit, remark

VISIT_SECONDS = (60.0, 240.0)
ARRIVE_SECONDS = 5.0  # in which the first of them come
OCCASION_SECONDS = 20.0
REPLAY_BUFFER_EVENTS = 500  # of a room, on each replica: REPLAY_BUFFER_EVENTS of Hubbub's settings
FILL_AT_ONCE = 20


class Load:
    def __init__(
        self,
        crowd: Crowd,
        visitors: int,
        messages_per_second: float,
        visit_seconds: tuple[float, float] = VISIT_SECONDS,
    ) -> None:
        self._crowd, self._visitors, self._visit_seconds = crowd, visitors, visit_seconds
        self._pause = visitors * TALK_SHARE / messages_per_second
        self.visits: Counter[str] = Counter()  # what came of them
        self.faults: list[Violation] = []
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
                group.create_task(self._count("fillings", self._fill()))
        except TimeoutError:
            return

    async def _come_and_go(self, number: int) -> None:
        await asyncio.sleep(number * ARRIVE_SECONDS / self._visitors)
        shortest, longest = self._visit_seconds
        # Of the first visits the rest, as if they had begun earlier: not all leave together.
        seconds = random.uniform(0, longest)
        while True:
            await self._count("visits", self._visit(seconds))
            seconds = random.uniform(shortest, longest)

    async def _visit(self, seconds: float) -> None:
        visit = Visit(self._crowd, random.choice(self._crowd.people), self._pause)
        self._here.add(visit)
        try:
            await visit.last(seconds)
        finally:
            self.faults += visit.faults
            self._here.discard(visit)
            self._sent += visit.sent

    async def _fill(self) -> None:
        """Talk fast at first, until every open room's memory of recent events is full.

        It is meant to fill, and would be taken for a leak for as long as it does.
        """
        owner = self._crowd.people[0]
        async with Client(owner.username, owner.identity, [self._crowd.address]) as client:
            for room in (*self._crowd.rooms, self._crowd.lobby):
                await client.open(room, Start.NOW, within=ANSWER_SECONDS)
                for _ in range(REPLAY_BUFFER_EVENTS // FILL_AT_ONCE):
                    sends = (client.send(room, remark(owner)) for _ in range(FILL_AT_ONCE))
                    await asyncio.gather(*sends)
                    self._sent += FILL_AT_ONCE
                await client.unsubscribe(room)

    async def _celebrate(self) -> None:
        for number in count(1):
            await self._count("meetings", occasional_events.meet(self._crowd, number))
            await self._count("sign-ins", occasional_events.sign_in_and_out(self._crowd))
            await asyncio.sleep(OCCASION_SECONDS)

    async def _count(self, what: str, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            self.failures.append(f"{what}: {type(error).__name__}: {error}")
            await asyncio.sleep(1)
        else:
            self.visits[what] += 1

"""The load of a soak: a constant number of visits, and occasional events.

A failure is counted and printed, and the soak continues: one missing answer should not cost an
hour. At the end every failure makes the soak fail.
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
from loadtests.soak.accounts import Population
from loadtests.soak.visit import ANSWER_SECONDS, SEND_SHARE, Visit, random_text

VISIT_SECONDS = (60.0, 240.0)
ARRIVE_SECONDS = 5.0  # in which the first visits start
OCCASION_SECONDS = 20.0
REPLAY_BUFFER_EVENTS = 500  # of a room, on each replica: Hubbub's setting of the same name
FILL_AT_ONCE = 20


class Load:
    def __init__(
        self,
        population: Population,
        visitors: int,
        messages_per_second: float,
        visit_seconds: tuple[float, float] = VISIT_SECONDS,
    ) -> None:
        self._population, self._visitors = population, visitors
        self._visit_seconds = visit_seconds
        self._pause = visitors * SEND_SHARE / messages_per_second
        self.done: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self.failures: list[str] = []
        self._sent = 0
        self._current: set[Visit] = set()

    @property
    def sent(self) -> int:
        return self._sent + sum(visit.sent for visit in self._current)

    @property
    def errors(self) -> int:
        return len(self.violations) + len(self.failures)

    def facts(self) -> dict[str, Any]:
        """Return what was done and what went wrong, for the report."""
        return {
            "sent": self.sent,
            "done": dict(self.done),
            "violations": [str(violation) for violation in self.violations],
            "failures": self.failures,
        }

    async def run(self, seconds: float) -> None:
        """Run the load for a number of seconds."""
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for number in range(self._visitors):
                    group.create_task(self._visit_repeatedly(number))
                group.create_task(self._cause_occasional_events())
                group.create_task(self._counted("warm-ups", self._fill_replay_buffers()))
        except TimeoutError:
            return

    async def _visit_repeatedly(self, number: int) -> None:
        await asyncio.sleep(number * ARRIVE_SECONDS / self._visitors)
        shortest, longest = self._visit_seconds
        # The first visits are cut short at random, so that not all of them end together.
        seconds = random.uniform(0, longest)
        while True:
            await self._counted("visits", self._visit(seconds))
            seconds = random.uniform(shortest, longest)

    async def _visit(self, seconds: float) -> None:
        visit = Visit(self._population, random.choice(self._population.users), self._pause)
        self._current.add(visit)
        try:
            await visit.run(seconds)
        finally:
            self.violations += visit.violations
            self._current.discard(visit)
            self._sent += visit.sent

    async def _fill_replay_buffers(self) -> None:
        """Send fast at first, until the replay buffer of every room is full.

        The buffers are meant to fill, and would look like a leak for as long as that takes.
        """
        population, owner = self._population, self._population.users[0].account
        async with Client(owner.username, owner.identity, [population.address]) as client:
            for room in (*population.rooms, population.lobby):
                await client.open(room, Start.NOW, within=ANSWER_SECONDS)
                for _ in range(REPLAY_BUFFER_EVENTS // FILL_AT_ONCE):
                    sends = (client.send(room, random_text(owner)) for _ in range(FILL_AT_ONCE))
                    await asyncio.gather(*sends)
                    self._sent += FILL_AT_ONCE
                await client.unsubscribe(room)

    async def _cause_occasional_events(self) -> None:
        for number in count(1):
            meeting = occasional_events.hold_meeting(self._population, number)
            await self._counted("meetings", meeting)
            sign_in = occasional_events.sign_in_and_out(self._population)
            await self._counted("sign-ins", sign_in)
            await asyncio.sleep(OCCASION_SECONDS)

    async def _counted(self, what: str, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            self.failures.append(f"{what}: {type(error).__name__}: {error}")
            await asyncio.sleep(1)
        else:
            self.done[what] += 1

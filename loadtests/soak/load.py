"""The load of a soak: a constant number of visits, and occasional events.

A failure is counted and printed, and the soak continues: one missing answer should not cost an
hour. Any failure makes the soak fail at its end.
"""

import asyncio
import random
from collections.abc import Awaitable
from itertools import count

from loadtests.lib.client import Client
from loadtests.lib.client.subscription import Start
from loadtests.lib.console import log_above_status
from loadtests.soak.accounts import Population
from loadtests.soak.occasional_events import hold_meeting, sign_in_and_out
from loadtests.soak.tally import Tally
from loadtests.soak.visit import ANSWER_SECONDS, SEND_SHARE, Visit, random_text

VISIT_SECONDS = (60.0, 240.0)
ARRIVE_SECONDS = 5.0  # the first visits start within this time
OCCASION_SECONDS = 20.0
# How many events a room's replay buffer holds, as in Hubbub's setting of the same name.
REPLAY_BUFFER_EVENTS = 500
FILL_AT_ONCE = 20


class SoakLoad:
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
        self.tally = Tally()

    async def run(self, seconds: float) -> None:
        """Run the load for a number of seconds."""
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for number in range(self._visitors):
                    group.create_task(self._visit_repeatedly(number))
                group.create_task(self._cause_occasional_events())
                group.create_task(self._counted("warm-up", self._fill_replay_buffers()))
        except TimeoutError:
            return

    async def _visit_repeatedly(self, number: int) -> None:
        await asyncio.sleep(number * ARRIVE_SECONDS / self._visitors)
        shortest, longest = self._visit_seconds
        # The first visits are shortened at random, so that they do not all end at the same time.
        seconds = random.uniform(0, longest)
        while True:
            user = random.choice(self._population.users)
            visit = Visit(self._population, user, self._pause, self.tally)
            await self._counted("visit", visit.run(seconds))
            seconds = random.uniform(shortest, longest)

    async def _fill_replay_buffers(self) -> None:
        """Send fast at first, until the replay buffer of every room is full.

        The buffers are meant to fill. While they do, their growth would look like a leak.
        """
        population, owner = self._population, self._population.users[0].account
        async with Client(owner.username, owner.identity, [population.address]) as client:
            for room in (*population.rooms, population.lobby):
                await client.open(room, Start.NOW, within=ANSWER_SECONDS)
                for _ in range(REPLAY_BUFFER_EVENTS // FILL_AT_ONCE):
                    sends = (client.send(room, random_text(owner)) for _ in range(FILL_AT_ONCE))
                    await asyncio.gather(*sends)
                    self.tally.sent += FILL_AT_ONCE
                await client.unsubscribe(room)

    async def _cause_occasional_events(self) -> None:
        for number in count(1):
            await self._counted("meeting", hold_meeting(self._population, number))
            await self._counted("sign-in", sign_in_and_out(self._population))
            await asyncio.sleep(OCCASION_SECONDS)

    async def _counted(self, what: str, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            self.tally.failures.append(f"{what}: {type(error).__name__}: {error}")
            log_above_status(self.tally.failures[-1])
            await asyncio.sleep(1)
        else:
            self.tally.done[what] += 1

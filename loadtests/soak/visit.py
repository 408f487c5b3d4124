"""One visit: a user opens a tab, uses the chat for a while, and closes the tab.

A visit uses everything that could leave something behind: it opens and leaves rooms, drops its
connection and returns to another replica, writes, edits and deletes messages, and reads pages. The
order of events is checked while they arrive, and the events are kept only until the visit ends.
"""

import asyncio
import urllib.request
from collections import deque
from random import Random
from typing import Any

from loadtests.lib.checker.subscriptions import OrderChecker
from loadtests.lib.client import Client, rest
from loadtests.lib.client.history import Entry, Frame, History
from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.account import Account
from loadtests.lib.simulation.message_text import sentence
from loadtests.lib.simulation.tab_activities import TabActivities
from loadtests.lib.simulation.user_kinds import VISITOR, Activity, exponential_pause
from loadtests.soak.accounts import Population, User
from loadtests.soak.tally import Tally

OPEN_ROOMS = 2
LOBBY_CHANCE = 0.2
SEND_SHARE = VISITOR.activities[Activity.SEND] / sum(VISITOR.activities.values())
ANSWER_SECONDS = 30.0
random = Random()


class Visit(TabActivities):
    def __init__(
        self, population: Population, user: User, pause_seconds: float, tally: Tally
    ) -> None:
        """`pause_seconds` is the mean time between two activities."""
        account = user.account
        self._address, self._lobby, self._account = population.address, population.lobby, account
        self._pause, self._tally, self._order = pause_seconds, tally, OrderChecker(account.username)
        history = History(account.username, deque(maxlen=0), watch=self._check_order)
        client = Client(account.username, account.identity, [population.address], history=history)
        super().__init__(
            client, VISITOR, lambda: random_text(account), random, user.rooms, self._read_messages
        )

    async def run(self, seconds: float) -> None:
        """Run the visit for a number of seconds. Raises the error of an activity that failed."""
        async with self.client:
            await self._arrive()
            try:
                async with asyncio.timeout(seconds) as stay:
                    await self._act()
            except TimeoutError:
                if not stay.expired():
                    raise

    async def command(self, type: str, **fields: Any) -> Frame:
        answer = await super().command(type, **fields)
        self._tally.sent += type == "message.send"
        return answer

    async def _arrive(self) -> None:
        await asyncio.to_thread(load_chat_page, self._address, self._account)
        rooms = random.sample(self.rooms, OPEN_ROOMS)
        if random.random() < LOBBY_CHANCE:
            rooms.append(self._lobby)
        for room in rooms:
            await self.client.open(room, Start.NOW, within=ANSWER_SECONDS)

    async def _act(self) -> None:
        while True:
            await asyncio.sleep(exponential_pause(random, self._pause))
            room = random.choice([*self.client.protocol.subscriptions])
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.perform(VISITOR.next_activity(random), room)

    async def _read_messages(self, room: int, before: int | None) -> list[Frame]:
        headers = self._account.headers
        page = await asyncio.to_thread(rest.read_page, self._address, room, headers, before)
        messages: list[Frame] = page["messages"]
        return messages

    def _check_order(self, entry: Entry) -> None:
        self._tally.violations += self._order.check(entry)


def random_text(account: Account) -> str:
    """Return a random message that starts with some Markdown."""
    return f"**{account.username}** says: {sentence(random)}"


def load_chat_page(address: str, account: Account) -> None:
    """Load the chat page, as a browser does first. Raises OSError."""
    request = urllib.request.Request(f"http://{address}/", headers=account.headers)
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as page:
        page.read()

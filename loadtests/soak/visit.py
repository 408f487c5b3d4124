"""One visit: a user opens a tab, uses the chat for a while, and closes it.

A visit uses everything that could leave something behind: it opens and leaves rooms, drops its
connection and returns to another replica, writes, edits and deletes messages, reads pages. Events
are checked for order as they arrive, and kept no longer than the visit.
"""

import asyncio
import urllib.request
from collections import deque
from collections.abc import Awaitable, Callable
from random import Random

from loadtests.lib.checker.subscriptions import OrderChecker
from loadtests.lib.client import Client, rest
from loadtests.lib.client.history import Entry, History
from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.account import Account
from loadtests.lib.simulation.message_text import sentence
from loadtests.lib.simulation.user_kinds import (
    VISITOR_ACTIVITIES,
    Activity,
    choose_activity,
    exponential_pause,
)
from loadtests.soak.accounts import Population, User
from loadtests.soak.tally import Tally

OPEN_ROOMS = 2
LOBBY_CHANCE = 0.2
SEND_SHARE = VISITOR_ACTIVITIES[Activity.SEND] / sum(VISITOR_ACTIVITIES.values())
ANSWER_SECONDS = 30.0
random = Random()


class Visit:
    def __init__(
        self, population: Population, user: User, pause_seconds: float, tally: Tally
    ) -> None:
        """`pause_seconds` is the mean time between two activities."""
        self._population, self._user, self._pause = population, user, pause_seconds
        self._tally = tally
        account = user.account
        history = History(account.username, deque(maxlen=0), watch=self._check_order)
        self._client = Client(
            account.username, account.identity, [population.address], history=history
        )
        self._order = OrderChecker(account.username)
        self._rooms = random.sample(user.rooms, OPEN_ROOMS)
        self._own_messages: list[int] = []  # that may still be changed
        self._activities: dict[Activity, Callable[[], Awaitable[object]]] = {
            Activity.SEND: self._send,
            Activity.TYPE: self._type,
            Activity.EDIT: self._edit,
            Activity.DELETE: self._delete,
            Activity.MARK_READ: self._mark_read,
            Activity.SCROLL_BACK: self._scroll_back,
            Activity.LOSE_CONNECTION: self._lose_connection,
            Activity.CHANGE_ROOM: self._change_room,
        }

    async def run(self, seconds: float) -> None:
        """Run the visit for a number of seconds. Raises the error of a failed activity."""
        async with self._client:
            await self._arrive()
            try:
                async with asyncio.timeout(seconds) as stay:
                    await self._act()
            except TimeoutError:
                if not stay.expired():
                    raise

    def _check_order(self, entry: Entry) -> None:
        self._tally.violations += self._order.check(entry)

    async def _act(self) -> None:
        while True:
            await asyncio.sleep(exponential_pause(random, self._pause))
            activity = choose_activity(random, VISITOR_ACTIVITIES)
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._activities[activity]()

    async def _arrive(self) -> None:
        await asyncio.to_thread(read_page, self._population.address, self._user.account)
        if random.random() < LOBBY_CHANCE:
            self._rooms.append(self._population.lobby)
        for room in self._rooms:
            await self._client.open(room, Start.NOW, within=ANSWER_SECONDS)

    async def _send(self) -> None:
        body = random_text(self._user.account)
        answer = await self._client.send(random.choice(self._rooms), body)
        self._tally.sent += 1
        if answer["type"] == "ok":
            self._own_messages.append(answer["message"]["id"])

    async def _type(self) -> None:
        await self._client.send_unanswered("typing", room=random.choice(self._rooms))

    async def _edit(self) -> None:
        if self._own_messages:
            body = f"what I meant: {sentence(random)}"
            message = random.choice(self._own_messages)
            await self._client.command("message.edit", message=message, body=body)

    async def _delete(self) -> None:
        if self._own_messages:
            await self._client.command("message.delete", message=self._own_messages.pop())

    async def _mark_read(self) -> None:
        room = random.choice(self._rooms)
        numbers = [one["number"] for one in self._client.subscription(room).view.messages()]
        if numbers:
            await self._client.command("read", room=room, number=max(numbers))

    async def _scroll_back(self) -> None:
        room, headers = random.choice(self._rooms), self._user.account.headers
        await asyncio.to_thread(rest.load_room, self._population.address, room, headers, pages=1)

    async def _lose_connection(self) -> None:
        await self._client.drop_connection()
        await self._client.wait_until(lambda: self._client.connected, ANSWER_SECONDS)

    async def _change_room(self) -> None:
        old = self._rooms.pop(0)
        await self._client.unsubscribe(old)
        new = random.choice([room for room in self._user.rooms if room not in self._rooms])
        self._rooms.append(new)
        await self._client.open(new, Start.NOW, within=ANSWER_SECONDS)


def random_text(account: Account) -> str:
    """Return a random message that starts with some Markdown."""
    return f"**{account.username}** says: {sentence(random)}"


def read_page(address: str, account: Account) -> None:
    """Load the chat page, as a browser does first. Raises OSError."""
    request = urllib.request.Request(f"http://{address}/", headers=account.headers)
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as page:
        page.read()

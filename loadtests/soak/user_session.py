"""One visit: a person opens a tab, does what people do for a while, and is gone again.

Everything is used that could be forgotten somewhere: rooms are opened and left, sockets are cut and
come back elsewhere, messages are written, edited and deleted, pages are read. What the tab sees is
held against the order rule as it comes, and kept no longer than the tab.
"""

import asyncio
import random
import urllib.request
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from loadtests.lib.checker.subscriptions import OrderChecker
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import Client, rest
from loadtests.lib.client.history import Entry
from loadtests.lib.client.subscription import Start
from loadtests.soak.accounts import Crowd, Person

OPEN_ROOMS = 2
# What is done, and how often, relative to each other: more than half of it is talk.
HABITS = {
    "send": 60,
    "type": 10,
    "edit": 8,
    "read": 8,
    "look_back": 5,
    "lose_connection": 4,
    "change_room": 3,
    "delete": 2,
}
TALK_SHARE = HABITS["send"] / sum(HABITS.values())
PHRASES = (
    "the build is green again",
    "shall we look at the report after lunch?",
    "I take the first half, you the second, and we meet in between to see what both of them say",
    "`make check` said so, see https://example.org/runs/17",
)
ANSWER_SECONDS = 30.0


class Visit:
    def __init__(self, crowd: Crowd, person: Person, pause_seconds: float) -> None:
        """`pause_seconds` is how long one does nothing between two things, on average."""
        self._crowd, self._person, self._pause = crowd, person, pause_seconds
        self._client = Client(person.username, person.identity, [crowd.address])
        self._client.history.entries = deque(maxlen=0)
        self._client.history.watch = self._watch
        self._order = OrderChecker(person.username)
        self.faults: list[Violation] = []  # what was heard doubled, out of order or with holes
        self._rooms = random.sample(person.rooms, OPEN_ROOMS)
        self._mine: list[int] = []  # messages of one's own that may still be changed
        self.sent = 0
        self._habits: dict[str, Callable[[], Awaitable[object]]] = {
            name: getattr(self, f"_{name}") for name in HABITS
        }

    async def last(self, seconds: float) -> None:
        """Stay for so long. Raises what went wrong."""
        async with self._client:
            await self._arrive()
            try:
                async with asyncio.timeout(seconds) as stay:
                    await self._live()
            except TimeoutError:
                if not stay.expired():
                    raise

    def _watch(self, entry: Entry) -> None:
        self.faults += self._order.take(entry)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(random.expovariate(1 / self._pause))
            habit = random.choices([*HABITS], [*HABITS.values()])[0]
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._habits[habit]()

    async def _arrive(self) -> None:
        await asyncio.to_thread(read_page, self._crowd.address, self._person)
        if random.random() < 0.2:
            self._rooms.append(self._crowd.lobby)
        for room in self._rooms:
            await self._client.open(room, Start.NOW, within=ANSWER_SECONDS)

    async def _send(self) -> None:
        body = remark(self._person)
        answer = await self._client.send(random.choice(self._rooms), body)
        self.sent += 1
        if answer["type"] == "ok":
            self._mine.append(answer["message"]["id"])

    async def _type(self) -> None:
        if self._client.connected:
            room = random.choice(self._rooms)
            with suppress(ConnectionClosed):  # nothing answers it, so nothing is lost with it
                await self._client.write(f'{{"type": "typing", "room": {room}}}')

    async def _edit(self) -> None:
        if self._mine:
            body = f"what I meant: {random.choice(PHRASES)}"
            message = random.choice(self._mine)
            await self._client.command("message.edit", message=message, body=body)

    async def _delete(self) -> None:
        if self._mine:
            await self._client.command("message.delete", message=self._mine.pop())

    async def _read(self) -> None:
        room = random.choice(self._rooms)
        numbers = [one["number"] for one in self._client.subscription(room).view.messages()]
        if numbers:
            await self._client.command("read", room=room, number=max(numbers))

    async def _look_back(self) -> None:
        room = random.choice(self._rooms)
        await asyncio.to_thread(
            rest.load_room, self._crowd.address, room, self._person.headers, pages=1
        )

    async def _lose_connection(self) -> None:
        await self._client.drop_connection()
        await self._client.wait_until(lambda: self._client.connected, ANSWER_SECONDS)

    async def _change_room(self) -> None:
        left = self._rooms.pop(0)
        await self._client.unsubscribe(left)
        new = random.choice([room for room in self._person.rooms if room not in self._rooms])
        self._rooms.append(new)
        await self._client.open(new, Start.NOW, within=ANSWER_SECONDS)


def remark(person: Person) -> str:
    """Return what somebody says, some of it with Markdown."""
    return f"**{person.username}** says: {random.choice(PHRASES)}"


def read_page(address: str, person: Person) -> None:
    """Load the chat page as a browser does when it comes. Raises OSError."""
    request = urllib.request.Request(f"http://{address}/", headers=person.headers)
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as page:
        page.read()

"""What a user does in an open tab: write, edit, read back, change rooms, lose the connection.

Locust's users, the soak's visitors and the talkers of the fault tests share these activities. Those
users decide when to do something and in which room. Their `UserKind` decides what to do.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, NamedTuple
from uuid import uuid4

from loadtests.lib.client import Client
from loadtests.lib.client.history import Frame
from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.user_kinds import Activity, UserKind

# How many of the user's own messages in each room are remembered, for edits and deletions.
MESSAGES_REMEMBERED = 20
ANSWER_SECONDS = OPEN_SECONDS = 30.0
READ_SECONDS = (1.0, 3.0)  # how long a user reads a page of older messages

# A function that reads a page of a room over REST: the newest messages, or the messages before a
# seq.
ReadPage = Callable[[int, int | None], Awaitable[list[Frame]]]


async def read_nothing(room: int, before: int | None) -> list[Frame]:
    return []


class OwnMessage(NamedTuple):
    """A message that the user has sent. `body` is the text as it was sent."""

    id: int
    body: str


class TabActivities:
    """The activities of one user in one tab.

    `rooms` are the rooms that the user may open. `new_text` returns the text of a new message.
    """

    def __init__(
        self,
        client: Client,
        kind: UserKind,
        new_text: Callable[[], str],
        random: Random,
        rooms: Sequence[int] = (),
        read_page: ReadPage = read_nothing,
    ) -> None:
        self.client, self.kind, self.rooms, self.random = client, kind, rooms, random
        self.away = False  # the user is disconnected by choice, so nothing is sent
        # The newest messages in each room.
        self.own_messages: defaultdict[int, list[OwnMessage]] = defaultdict(list)
        self._new_text, self._read_page = new_text, read_page
        self._methods: dict[Activity, Callable[[int], Awaitable[None]]] = {
            Activity.SEND: self.send,
            Activity.TYPE: self.type,
            Activity.EDIT: self.edit,
            Activity.DELETE: self.delete,
            Activity.MARK_READ: self.mark_read,
            Activity.SCROLL_BACK: self.scroll_back,
            Activity.CHANGE_ROOM: self.change_room,
            Activity.LOSE_CONNECTION: self.lose_connection,
        }

    async def perform(self, activity: Activity, room: int) -> None:
        """Perform an activity in a room. Raises TimeoutError if the server does not answer."""
        await self._methods[activity](room)

    async def command(self, type: str, **fields: Any) -> Frame:
        """Send a command and return its answer. A subclass can measure the command here."""
        return await self.client.command(type, **fields)

    async def send(self, room: int) -> None:
        """Send a message, sometimes as a reply, and wait until the message is saved."""
        if self.away:
            return
        own = self.own_messages[room]
        is_reply = own and self.random.random() < self.kind.reply_chance
        more: dict[str, Any] = {"reply_to": own[-1].id} if is_reply else {}
        body, nonce = self._new_text(), uuid4().hex
        answer = await self.command("message.send", room=room, nonce=nonce, body=body, **more)
        if answer["type"] == "ok":
            own.append(OwnMessage(answer["message"]["id"], body))
            del own[:-MESSAGES_REMEMBERED]

    async def type(self, room: int) -> None:
        await self.client.send_unanswered("typing", room=room)

    async def edit(self, room: int) -> None:
        """Edit one of the user's own messages."""
        if own := self.own_messages[room]:
            message = self.random.choice(own)
            body = f"(edited) {self.edited_text(message.body)}"
            await self.command("message.edit", message=message.id, body=body)

    def edited_text(self, body: str) -> str:
        """Return a new text for a message that was sent as `body`."""
        return self._new_text()

    async def delete(self, room: int) -> None:
        """Delete the user's newest message."""
        if own := self.own_messages[room]:
            await self.command("message.delete", message=own.pop().id)

    async def mark_read(self, room: int) -> None:
        """Mark a room as read up to its last message, as the page does."""
        subscription = self.client.protocol.subscriptions.get(room)
        if subscription and (messages := subscription.view.messages()):
            await self.command("read", room=room, number=messages[-1]["number"])

    async def scroll_back(self, room: int) -> None:
        """Load older and older pages of messages. Pause before the next page, as if to read."""
        messages = await self._read_page(room, None)
        for _ in range(self.random.randint(1, self.kind.pages_back)):
            if not messages:
                return
            await asyncio.sleep(self.random.uniform(*READ_SECONDS))
            messages = await self._read_page(room, min(one["seq"] for one in messages))

    async def change_room(self, room: int) -> None:
        """Close a room and open another one. If there is no other room, open the same one again."""
        async with asyncio.timeout(OPEN_SECONDS):
            await self.client.unsubscribe(room)
            closed = [one for one in self.rooms if one not in self.client.protocol.subscriptions]
            chosen = self.random.choice([one for one in closed if one != room] or [room])
            await self._read_page(chosen, None)
            await self.client.open(chosen, Start.NOW, OPEN_SECONDS)

    async def lose_connection(self, _: int) -> None:
        """Lose the connection for a while.

        First wait until all rooms are open and all sent messages have been answered. Otherwise, the
        chosen absence could not be told from a loss that the server has caused.
        """
        client = self.client
        self.away = True
        try:
            await client.wait_until(
                lambda: client.all_open and not client.protocol.pending, ANSWER_SECONDS
            )
            try:
                await client.disconnect(close_frame=False)
                await client.wait_until(lambda: not client.connected)
                await asyncio.sleep(self.random.uniform(*self.kind.away_seconds))
            finally:
                client.reconnect()
            await client.wait_until(lambda: client.connected, OPEN_SECONDS)
        finally:
            self.away = False

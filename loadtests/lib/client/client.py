"""The client: the rooms and commands of one tab, over a `ReconnectingSocket`.

Create a `Client` with an identity and the addresses of replicas, then enter it with `async with`.
It reconnects by itself until it is closed or the server forbids reconnecting; `wait_until` waits
for any condition. Locust's users run clients under gevent: see `gevent_loop`.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from math import ceil
from typing import Any
from uuid import uuid4

from loadtests.lib.client import rest
from loadtests.lib.client.connection_listener import ConnectionListener
from loadtests.lib.client.effects import CommandDone, Effect, LoadRoom, RetryLater
from loadtests.lib.client.history import Frame, History
from loadtests.lib.client.protocol import ClientProtocol
from loadtests.lib.client.reconnecting_socket import ReconnectingSocket
from loadtests.lib.client.room_view import RoomView
from loadtests.lib.client.subscription import Start, Subscription

LOAD_RETRY_SECONDS = 0.5
MAX_NOTIFICATIONS = 100  # how many notifications are kept if `messages_kept` limits the messages
# REST loads have threads of their own: slow loads must not block other work, such as the end of a
# fault.
_load_threads = ThreadPoolExecutor(16, "load")


class Client(ReconnectingSocket):
    """One tab of a user. `identity` is a line that `seed` wrote, for example `Cookie: …`.

    With `messages_kept`, the client keeps and loads only that many messages of each room; otherwise
    a long run would not fit into memory. `decode` may return the same object for equal texts of
    many clients. `load_executor` runs the REST loads of rooms; if it is None, the event loop's own
    executor does.
    """

    def __init__(
        self,
        name: str,
        identity: str,
        addresses: Sequence[str],
        *,
        history: History | None = None,
        listener: ConnectionListener | None = None,
        messages_kept: int | None = None,
        decode: Callable[[str | bytes], Frame] = json.loads,
        load_executor: Executor | None = _load_threads,
    ) -> None:
        self.name = name
        self.history = history or History(name)
        protocol = ClientProtocol(self.history)
        super().__init__(identity, addresses, protocol, listener or ConnectionListener(), decode)
        # Like a phone's radio, the client reads what has arrived and then sleeps for this long.
        self.read_pause_seconds = 0.0
        # How many pages of a room are loaded over REST; None for all of them.
        self._pages: int | None = None
        if messages_kept is not None:
            protocol.notifications = deque(maxlen=MAX_NOTIFICATIONS)
            protocol.make_view = partial(RoomView, limit=messages_kept)
            self._pages = ceil(messages_kept / rest.PAGE_MESSAGES)
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._load_executor = load_executor

    @property
    def all_open(self) -> bool:
        """True if the client is connected and all its rooms are live and loaded."""
        return self.connected and all(map(self.is_open, self.protocol.subscriptions))

    def is_open(self, room: int) -> bool:
        """Return whether a room is live and loaded."""
        subscription = self.protocol.subscriptions[room]
        return subscription.live and not subscription.loading

    def subscription(self, room: int) -> Subscription:
        """Return the subscription to a room. Raises KeyError if there is none."""
        return self.protocol.subscriptions[room]

    async def open(self, room: int, start: Start = Start.BEGINNING, within: float = 10) -> None:
        """Subscribe to a room and wait until it is live and loaded."""
        await self.subscribe(room, start)
        await self.wait_until(lambda: self.is_open(room), within)

    async def subscribe(self, room: int, start: Start = Start.BEGINNING) -> None:
        """Subscribe to a room, without waiting.

        Without a socket, the client subscribes as soon as there is one.
        """
        await self._do(self.protocol.subscribe(room, start))

    async def unsubscribe(self, room: int) -> Frame:
        ref, effects = self.protocol.unsubscribe(room)
        return await self._answer(ref, effects)

    async def send(self, room: int, body: str, nonce: str = "", **more: Any) -> Frame:
        """Send a message and return its final answer: `ok`, or a problem."""
        return await self.command(
            "message.send", room=room, nonce=nonce or uuid4().hex, body=body, **more
        )

    async def command(self, type: str, *, retry: bool = True, **fields: Any) -> Frame:
        """Send a command and wait for its answer, even if the client has to reconnect meanwhile.

        Without `retry`, `unavailable` and `rate_limited` also count as answers.
        """
        ref, effects = self.protocol.command({"type": type, **fields}, retry=retry)
        return await self._answer(ref, effects)

    async def send_unanswered(self, type: str, **fields: Any) -> None:
        """Send a command that has no answer, such as `typing`. It is lost if the socket fails."""
        if self.connected:
            await self._write({"type": type, **fields})

    async def _answer(self, ref: int, effects: list[Effect]) -> Frame:
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        try:
            await self._do(effects)  # the effects can already contain the answer
            return await answer
        finally:
            self._answers.pop(ref, None)

    async def _receive(self, frame: Frame) -> None:
        await super()._receive(frame)
        if frame["type"] in ("welcome", "subscribed"):
            self._report_if_open()
        if self.read_pause_seconds and self._socket is not None and self.all_open:
            transport = self._socket.transport
            transport.pause_reading()
            asyncio.get_running_loop().call_later(self.read_pause_seconds, transport.resume_reading)

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case LoadRoom():
                self._spawn(self._load(effect))
            case RetryLater(ref, after_seconds):
                self._spawn(self._retry(ref, after_seconds))
            case CommandDone(ref, answer):
                self._resolve(ref, answer)
            case _:
                await super()._perform(effect)

    async def _load(self, load: LoadRoom) -> None:
        read = partial(rest.load_room, self.address, load.room, self.headers, self._pages)
        loop = asyncio.get_running_loop()
        try:
            seq, messages = await loop.run_in_executor(self._load_executor, read)
        except (OSError, rest.RefusedError):
            await asyncio.sleep(LOAD_RETRY_SECONDS)
            self._spawn(self._load(load))
            return
        self.protocol.loaded(load.room, load.load, seq, messages)
        self._report_if_open()
        self._changed.set()

    def _report_if_open(self) -> None:
        if self.all_open:
            self._listener.all_open()

    async def _retry(self, ref: int, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        await self._do(self.protocol.retry(ref))

    def _resolve(self, ref: int, answer: Frame) -> None:
        waiting = self._answers.get(ref)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

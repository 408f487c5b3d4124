"""The client: sockets, timers and waiting, over asyncio and `websockets`.

Create a `Client` with an identity and the addresses of replicas, then enter it with `async with`.
It reconnects by itself until it is closed or the server forbids reconnecting; `wait_until` waits
for any condition. Locust's users run clients under gevent: see `gevent_loop`.
"""

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from math import ceil
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from loadtests.lib.client import rest, websocket
from loadtests.lib.client.connection_listener import ConnectionListener
from loadtests.lib.client.effects import (
    CommandDone,
    Effect,
    LoadRoom,
    Reconnect,
    RetryLater,
    Stop,
    SwitchConnection,
    WriteFrame,
)
from loadtests.lib.client.history import Frame, History
from loadtests.lib.client.protocol import ClientProtocol
from loadtests.lib.client.room_view import RoomView
from loadtests.lib.client.subscription import Start, Subscription
from loadtests.lib.client.websocket import NOT_OPENED

ABNORMAL_CLOSURE = 1006  # the close code of a socket that ended without a close frame
LOAD_RETRY_SECONDS = 0.5
# The delay until the next attempt, after a replacement socket did not open while the old socket
# still works.
SWITCH_RETRY_SECONDS = (0.1, 0.3)
MAX_NOTIFICATIONS = 100  # how many are kept if `messages_kept` limits the messages, too
# REST loads have threads of their own: slow loads must not block other work, such as the end of a
# fault.
_load_threads = ThreadPoolExecutor(16, "load")


class Client:
    """One tab of a user. `identity` is a line as `seed` writes it, for example `Cookie: …`.

    With `messages_kept`, the client keeps and loads only that many messages of each room; otherwise
    a long run would not fit into memory. `decode` may return the same object for equal texts of
    many clients.
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
    ) -> None:
        self.name = name
        self.headers = rest.headers_of(identity)
        self.addresses = list(addresses)
        self.history = history or History(name)
        self.protocol = ClientProtocol(self.history)
        self.stop_code: int | None = None  # the close code that forbade reconnecting
        self.address = ""  # the address of the newest socket
        # Like a phone's radio, the client reads what has arrived and then sleeps for this long.
        self.read_pause_seconds = 0.0
        self._pages: int | None = None  # how many pages of a room are loaded over REST; None: all
        if messages_kept is not None:
            self.protocol.notifications = deque(maxlen=MAX_NOTIFICATIONS)
            self.protocol.make_view = partial(RoomView, limit=messages_kept)
            self._pages = ceil(messages_kept / rest.PAGE_MESSAGES)
        self._listener = listener or ConnectionListener()
        self._decode = decode
        self._socket: ClientConnection | None = None
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._switching: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._reconnect_after: float | None = 0.0
        self._may_connect = asyncio.Event()
        self._may_connect.set()
        self._connecting_since = 0.0
        # Whether `drop_connection` or `disconnect` caused the loss of the socket.
        self._loss_intended = False

    @property
    def connected(self) -> bool:
        return self.protocol.welcome is not None

    @property
    def all_open(self) -> bool:
        """Whether the client is connected, and all its rooms are live and loaded."""
        return self.connected and all(map(self.is_open, self.protocol.subscriptions))

    def is_open(self, room: int) -> bool:
        """Whether a room is live and loaded."""
        subscription = self.protocol.subscriptions[room]
        return subscription.live and not subscription.loading

    def subscription(self, room: int) -> Subscription:
        """Return a room's subscription. Raises KeyError if the room is not subscribed now."""
        return self.protocol.subscriptions[room]

    async def __aenter__(self) -> Self:
        self._spawn(self._stay_connected())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> History:
        """Close for good. Return the history with the final views."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return self.protocol.finish()

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
        """Send a command and wait for its answer, even if that takes several sockets.

        Without `retry`, `unavailable` and `rate_limited` also count as answers.
        """
        ref, effects = self.protocol.command({"type": type, **fields}, retry=retry)
        return await self._answer(ref, effects)

    async def send_unanswered(self, type: str, **fields: Any) -> None:
        """Send a command that has no answer, such as `typing`. It is lost if the socket is lost."""
        if self.connected:
            await self._write({"type": type, **fields})

    async def write(self, text: str | bytes) -> None:
        """Write any text to the open socket, bypassing the protocol."""
        assert self._socket is not None
        await self._socket.send(text)

    def write_bytes(self, data: bytes) -> None:
        """Write raw bytes to the connection, such as half a frame."""
        assert self._socket is not None
        self._socket.transport.write(data)

    @property
    def port(self) -> int | None:
        """The local port of the client's socket; None without a socket."""
        return None if self._socket is None else int(self._socket.local_address[1])

    async def wait_until(self, condition: Callable[[], Any], within: float = 10) -> None:
        """Wait until `condition` holds. Raises TimeoutError if it does not hold in time."""
        async with asyncio.timeout(within):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def stop_reading(self) -> None:
        """Stop reading from the current socket, like a page on a sleeping computer."""
        if self._socket is not None:
            self._socket.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._socket is not None:
            self._socket.transport.resume_reading()

    async def drop_connection(self) -> None:
        """Drop the socket without a close frame, as a network failure does."""
        if self._socket is not None:
            self._loss_intended = True
            self._socket.transport.abort()
            await self.wait_until(lambda: not self.connected)

    async def disconnect(self, *, close_frame: bool = True) -> None:
        """Disconnect, and stay disconnected until `reconnect`.

        With `close_frame` the socket is closed; without it, the socket is dropped.
        """
        self._may_connect.clear()
        self._loss_intended = True
        if self._switching is not None:
            self._switching.cancel()
        if self._socket is not None and close_frame:
            await self._socket.close()
        elif self._socket is not None:
            self._socket.transport.abort()

    def reconnect(self) -> None:
        """Connect again immediately, and resume the open rooms."""
        self._may_connect.set()

    def next_address(self) -> str:
        """Choose a random address to connect to, but not the one that just failed.

        Clients usually connect through a proxy, which passes over a replica that is down. A client
        that chose the dead replica several times in a row would be disconnected for longer than any
        real client.
        """
        failed = self.address if self.protocol.attempt_failed else ""
        others = [address for address in self.addresses if address != failed]
        return random.choice(others or self.addresses)

    async def _answer(self, ref: int, effects: list[Effect]) -> Frame:
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        try:
            await self._do(effects)  # the effects may already contain the answer
            return await answer
        finally:
            self._answers.pop(ref, None)

    async def _stay_connected(self) -> None:
        while self._reconnect_after is not None:
            if self._may_connect.is_set():
                await asyncio.sleep(self._reconnect_after)
            await self._may_connect.wait()
            self._loss_intended = False
            self._listener.connecting()
            code = await self._run_connection()
            self._listener.lost(self._loss_intended)
            await self._do(self.protocol.closed(code))
            self._changed.set()

    async def _run_connection(self) -> int:
        """Use one socket, and the sockets that replace it. Return the last close code."""
        self.address, self._connecting_since = self.next_address(), time.perf_counter()
        try:
            self._socket = await websocket.connect_socket(self.address, self.headers)
            # If `disconnect` was called during the handshake, it found no socket to close.
            code = await self._listen() if self._may_connect.is_set() else ABNORMAL_CLOSURE
        except NOT_OPENED as error:
            self._listener.not_opened(error)
            return ABNORMAL_CLOSURE
        else:
            if not self.connected and not self._loss_intended:
                self._listener.not_opened(ConnectionError(f"closed with {code} before a welcome"))
            return code
        finally:
            await self._close_socket()

    async def _listen(self) -> int:
        while True:
            socket = self._socket
            assert socket is not None
            try:
                text = await websocket.receive(socket, self.protocol.welcome)
            except ConnectionClosed as closed:
                if socket is self._socket:
                    return closed.rcvd.code if closed.rcvd else ABNORMAL_CLOSURE
            except TimeoutError:
                socket.transport.abort()
                if socket is self._socket:
                    return ABNORMAL_CLOSURE
            else:
                if socket is self._socket:  # otherwise the socket has been replaced
                    await self._receive(self._decode(text))

    async def _receive(self, frame: Frame) -> None:
        if frame["type"] == "welcome":
            self._listener.opened(time.perf_counter() - self._connecting_since)
        await self._do(self.protocol.receive(frame))
        if frame["type"] in ("welcome", "subscribed"):
            self._report_if_open()
        self._changed.set()
        if self.read_pause_seconds and self._socket is not None and self.all_open:
            transport = self._socket.transport
            transport.pause_reading()
            asyncio.get_running_loop().call_later(self.read_pause_seconds, transport.resume_reading)

    async def _close_socket(self) -> None:
        socket, self._socket = self._socket, None
        if self._switching is not None:
            self._switching.cancel()
        if socket is not None:
            await socket.close()

    async def _switch(self) -> None:
        """Open a replacement socket; until one opens, the old one stays in use."""
        address, started = self.next_address(), time.perf_counter()
        try:
            socket, welcome = await websocket.connect_and_welcome(address, self.headers)
        except NOT_OPENED:
            await asyncio.sleep(random.uniform(*SWITCH_RETRY_SECONDS))
            self._switching = self._spawn(self._switch())
            return
        self._listener.opened(time.perf_counter() - started)
        old, self._socket, self.address = self._socket, socket, address
        self._listener.lost(intended=False)
        await self._do(self.protocol.switched(welcome))
        self._changed.set()
        if old is not None:
            await old.close()

    async def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case WriteFrame(frame):
                    await self._write(frame)
                case LoadRoom():
                    self._spawn(self._load(effect))
                case RetryLater(ref, after_seconds):
                    self._spawn(self._retry(ref, after_seconds))
                case CommandDone(ref, answer):
                    self._resolve(ref, answer)
                case Reconnect(after_seconds):
                    self._reconnect_after = after_seconds
                case SwitchConnection():
                    self._switching = self._spawn(self._switch())
                case Stop(code):
                    self.stop_code, self._reconnect_after = code, None

    async def _write(self, frame: Frame) -> None:
        if self._socket is not None:
            # `_listen` notices that the socket is lost. Unanswered commands are sent again on the
            # next socket.
            with suppress(ConnectionClosed, OSError):
                await self._socket.send(json.dumps(frame))

    async def _load(self, load: LoadRoom) -> None:
        try:
            seq, messages = await asyncio.get_running_loop().run_in_executor(
                _load_threads, rest.load_room, self.address, load.room, self.headers, self._pages
            )
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

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

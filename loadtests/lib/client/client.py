"""The asyncio shell of a conversation: sockets, timers and waiting, over `websockets`.

Give it the addresses of replicas and who it is, then `async with`. It stays connected by itself
until it is closed or told to stay away; `until` waits for whatever a test wants to have happened.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from loadtests.lib.client import rest, websocket
from loadtests.lib.client.base_client import (
    ABNORMAL_CLOSURE,
    LOAD_AGAIN_SECONDS,
    BaseClient,
    move_again_seconds,
)
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
from loadtests.lib.client.subscription import Start
from loadtests.lib.client.websocket import NOT_OPENED

# Of their own: rooms that load slowly keep nothing else waiting, least of all the end of a fault.
_loading = ThreadPoolExecutor(4, "load")


class Client(BaseClient):
    """One person's tab. `decode` may give many clients one frame for the same text."""

    def __init__(
        self,
        name: str,
        identity: str,
        addresses: Sequence[str],
        decode: Callable[[str | bytes], Frame] = json.loads,
    ) -> None:
        super().__init__(name, identity, addresses)
        self._decode = decode
        self._socket: ClientConnection | None = None
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._moving: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._reopen_after: float | None = 0.0
        self._here = asyncio.Event()
        self._here.set()

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
        """Go for good; return the history with the final views."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return self.protocol.finish()

    async def open(self, room: int, start: Start = Start.BEGINNING, within: float = 10) -> None:
        """Subscribe to a room and wait until it is live and loaded."""
        await self.subscribe(room, start)
        await self.wait_until(lambda: self.is_open(room), within)

    async def subscribe(self, room: int, start: Start = Start.BEGINNING) -> None:
        """Subscribe to a room, now or as soon as there is a socket; wait for nothing."""
        await self._do(self.protocol.subscribe(room, start))

    async def unsubscribe(self, room: int) -> Frame:
        ref, effects = self.protocol.unsubscribe(room)
        return await self._answer(ref, effects)

    async def send(self, room: int, body: str, nonce: str = "", **more: Any) -> Frame:
        """Send a message and return its answer: `ok`, or a problem that stays one."""
        return await self.command(
            "message.send", room=room, nonce=nonce or uuid4().hex, body=body, **more
        )

    async def command(self, type: str, *, retry: bool = True, **fields: Any) -> Frame:
        """Give a command and wait for its answer, over as many sockets as it takes.

        An impatient one takes `unavailable` and `rate_limited` for an answer, too.
        """
        ref, effects = self.protocol.command({"type": type, **fields}, retry=retry)
        return await self._answer(ref, effects)

    async def write(self, text: str | bytes) -> None:
        """Write anything at all to the open socket, past the conversation."""
        assert self._socket is not None
        await self._socket.send(text)

    def write_bytes(self, data: bytes) -> None:
        """Put bytes on the wire as they are, such as half a frame."""
        assert self._socket is not None
        self._socket.transport.write(data)

    @property
    def port(self) -> int | None:
        """The port that its socket comes from; None while it has none."""
        return None if self._socket is None else int(self._socket.local_address[1])

    async def wait_until(self, condition: Callable[[], Any], within: float = 10) -> None:
        """Wait until `condition` holds; raises TimeoutError when it does not in time."""
        async with asyncio.timeout(within):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def stop_reading(self) -> None:
        """Read nothing more from this socket, as a page does whose computer sleeps."""
        if self._socket is not None:
            self._socket.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._socket is not None:
            self._socket.transport.resume_reading()

    async def drop_connection(self) -> None:
        """Lose the socket as a network does: no close frame, from one moment to the next."""
        if self._socket is not None:
            self._socket.transport.abort()
            await self.wait_until(lambda: not self.connected)

    async def disconnect(self, *, politely: bool = True) -> None:
        """Have no socket until `come_back`: close it, or lose it as a network does."""
        self._here.clear()
        if self._moving is not None:
            self._moving.cancel()
        if self._socket is not None and politely:
            await self._socket.close()
        elif self._socket is not None:
            self._socket.transport.abort()

    def reconnect(self) -> None:
        """Connect again at once, and resume what was open."""
        self._here.set()

    async def _answer(self, ref: int, effects: list[Effect]) -> Frame:
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[ref] = answer
        await self._do(effects)  # which may be the answer already
        return await answer

    async def _stay_connected(self) -> None:
        while self._reopen_after is not None:
            if self._here.is_set():
                await asyncio.sleep(self._reopen_after)
            await self._here.wait()
            code = await self._live()
            await self._do(self.protocol.closed(code))
            self._changed.set()

    async def _live(self) -> int:
        """Live through one socket, and those that take its place; return the last close code."""
        self.address = self.next_address()
        try:
            self._socket = await websocket.connected(self.address, self.headers)
            # Whoever went away during the handshake had no socket then to close.
            return await self._listen() if self._here.is_set() else ABNORMAL_CLOSURE
        except NOT_OPENED:
            return ABNORMAL_CLOSURE
        finally:
            await self._put_away()

    async def _listen(self) -> int:
        while True:
            socket = self._socket
            assert socket is not None
            try:
                text = await websocket.hear(socket, self.protocol.welcome)
            except ConnectionClosed as closed:
                if socket is self._socket:
                    return closed.rcvd.code if closed.rcvd else ABNORMAL_CLOSURE
            except TimeoutError:
                socket.transport.abort()
                if socket is self._socket:
                    return ABNORMAL_CLOSURE
            else:
                if socket is self._socket:  # else it was left meanwhile
                    await self._do(self.protocol.receive(self._decode(text)))
                    self._changed.set()

    async def _put_away(self) -> None:
        socket, self._socket = self._socket, None
        if self._moving is not None:
            self._moving.cancel()
        if socket is not None:
            await socket.close()

    async def _move(self) -> None:
        """Go over to a next socket; where none opens in time, the old one is lived to its end."""
        address = self.next_address()
        try:
            socket, welcome = await websocket.welcomed(address, self.headers)
        except NOT_OPENED:
            await asyncio.sleep(move_again_seconds())
            self._moving = self._spawn(self._move())
            return
        old, self._socket, self.address = self._socket, socket, address
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
                    self._spawn(self._again(ref, after_seconds))
                case CommandDone(ref, answer):
                    self._resolve(ref, answer)
                case Reconnect(after_seconds):
                    self._reopen_after = after_seconds
                case SwitchConnection():
                    self._moving = self._spawn(self._move())
                case Stop(code):
                    self.stop_code, self._reopen_after = code, None

    async def _write(self, frame: Frame) -> None:
        if self._socket is not None:
            # A lost socket is met where it is listened to; what was not answered is sent again.
            with suppress(ConnectionClosed, OSError):
                await self._socket.send(json.dumps(frame))

    async def _load(self, load: LoadRoom) -> None:
        try:
            seq, messages = await asyncio.get_running_loop().run_in_executor(
                _loading, rest.load_room, self.address, load.room, self.headers
            )
        except (OSError, rest.RefusedError):
            await asyncio.sleep(LOAD_AGAIN_SECONDS)
            self._spawn(self._load(load))
            return
        self.protocol.loaded(load.room, load.load, seq, messages)
        self._changed.set()

    async def _again(self, ref: int, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        await self._do(self.protocol.retry(ref))

    def _resolve(self, ref: int, answer: Frame) -> None:
        waiting = self._answers.pop(ref, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

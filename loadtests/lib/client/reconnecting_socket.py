"""The socket of a client. It is opened again after every loss, until the server forbids that.

The socket passes what arrives to `ClientProtocol`, and performs the effects that concern it.
`Client` adds rooms and commands.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from loadtests.lib.client import rest, websocket
from loadtests.lib.client.connection_listener import ConnectionListener
from loadtests.lib.client.effects import Effect, Reconnect, Stop, SwitchConnection, WriteFrame
from loadtests.lib.client.history import Frame, History
from loadtests.lib.client.protocol import ClientProtocol
from loadtests.lib.client.websocket import ABNORMAL_CLOSURE, NOT_OPENED

# The delay until the next attempt, after a replacement socket did not open while the old socket
# still works.
SWITCH_RETRY_SECONDS = (0.1, 0.3)
T = TypeVar("T")


class ReconnectingSocket:
    """A socket that stays connected from `async with` until `close`. `decode` parses the frames."""

    def __init__(
        self,
        identity: str,
        addresses: Sequence[str],
        protocol: ClientProtocol,
        listener: ConnectionListener,
        decode: Callable[[str | bytes], Frame],
    ) -> None:
        self.headers = rest.headers_of(identity)
        self.addresses = list(addresses)
        self.protocol = protocol
        self.stop_code: int | None = None  # the close code that forbade reconnecting
        self.address = ""  # the address of the newest socket
        self._listener, self._decode = listener, decode
        self._socket: ClientConnection | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._switching: asyncio.Task[None] | None = None
        self._replaced: asyncio.Future[None] | None = None  # done once a socket is replaced
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
    def port(self) -> int | None:
        """The local port of the client's socket; None if it has no socket."""
        socket = self._socket  # read only once, because this property is used in other threads
        return None if socket is None else int(socket.local_address[1])

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

    async def wait_until(self, condition: Callable[[], Any], within: float = 10) -> None:
        """Wait until `condition` holds. Raises TimeoutError if it does not hold in time."""
        async with asyncio.timeout(within):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def write(self, text: str | bytes) -> None:
        """Write any text to the open socket, bypassing the protocol."""
        assert self._socket is not None
        await self._socket.send(text)

    def write_bytes(self, data: bytes) -> None:
        """Write raw bytes to the connection, such as half a frame."""
        assert self._socket is not None
        self._socket.transport.write(data)

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
            self._stop_switching()
            self._socket.transport.abort()
            await self.wait_until(lambda: not self.connected)

    async def disconnect(self, *, close_frame: bool = True) -> None:
        """Disconnect, and stay disconnected until `reconnect`.

        With `close_frame` the socket is closed; without it, the socket is dropped.
        """
        self._may_connect.clear()
        self._loss_intended = True
        self._stop_switching()
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
        """Read the socket, and then each socket that replaces it. Return the last close code."""
        while True:
            socket, self._replaced = self._socket, asyncio.get_running_loop().create_future()
            assert socket is not None
            reading = self._spawn(self._read(socket))
            # A replaced socket is read until it has closed, while its replacement is in use.
            either: set[asyncio.Future[Any]] = {reading, self._replaced}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if socket is self._socket:
                return reading.result()

    async def _read(self, socket: ClientConnection) -> int:
        """Read a socket until it closes, and return the close code.

        Once the socket is replaced, ignore its frames.
        """
        while True:
            try:
                text = await websocket.receive(socket, self.protocol.welcome)
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else ABNORMAL_CLOSURE
            except TimeoutError:
                socket.transport.abort()
                return ABNORMAL_CLOSURE
            if socket is self._socket:
                await self._receive(self._decode(text))

    async def _receive(self, frame: Frame) -> None:
        if frame["type"] == "welcome":
            self._listener.opened(time.perf_counter() - self._connecting_since)
        await self._do(self.protocol.receive(frame))
        self._changed.set()

    async def _close_socket(self) -> None:
        socket, self._socket = self._socket, None
        self._stop_switching()
        if socket is not None:
            await socket.close()

    def _stop_switching(self) -> None:
        if self._switching is not None:
            self._switching.cancel()

    async def _switch(self) -> None:
        """Open a replacement socket. Until one opens, the old socket stays in use."""
        address, started = self.next_address(), time.perf_counter()
        try:
            socket, welcome = await websocket.connect_and_welcome(address, self.headers)
        except NOT_OPENED:
            await asyncio.sleep(random.uniform(*SWITCH_RETRY_SECONDS))
            self._switching = self._spawn(self._switch())
            return
        self._listener.opened(time.perf_counter() - started)
        old, self._socket, self.address = self._socket, socket, address
        if self._replaced is not None and not self._replaced.done():
            self._replaced.set_result(None)
        self._listener.lost(intended=False)
        await self._do(self.protocol.switched(welcome))
        self._changed.set()
        if old is not None:
            await old.close()

    async def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            await self._perform(effect)

    async def _perform(self, effect: Effect) -> None:
        """Perform an effect that concerns the socket. Subclasses perform the others."""
        match effect:
            case WriteFrame(frame):
                await self._write(frame)
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

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

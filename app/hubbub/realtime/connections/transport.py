"""How the hub writes to one WebSocket: the `Transport` interface, and its class for plain ASGI.

Our server offers a transport of its own (`server.direct_transport`), which writes encoded frames.
With any other server (`runserver`, a test) the transport uses plain `websocket.send`. Every feature
works with both. Writing never waits and keeps the order of calls.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from hubbub.realtime.asgi_types import AsgiMessage, Scope, Send
from hubbub.realtime.protocol.websocket_frames import FrameBatch

# The ASGI extension of our server: {"transport": Transport}.
FRAMES_EXTENSION: Final = "hubbub.frames"

OnText: TypeAlias = Callable[[str | None], None]  # gets None for a binary frame
OnDisconnect: TypeAlias = Callable[[int | None], None]  # gets the close code


class Transport(Protocol):
    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        """Call these functions for everything received, now and later.

        Everything already queued is passed to them, too. The application must not call `receive`
        afterwards. It may return: the socket stays open. If this method returns False, it did
        nothing, and `receive` must be used.
        """

    def write(self, batch: FrameBatch) -> int:
        """Send frames after the frames written before. Do nothing after `close`.

        Return how many bytes are buffered, or 0 if the server does not say.
        """

    def close(self, code: int) -> None:
        """Close the socket after everything that was written before. A second call does nothing."""

    def abort(self) -> None:
        """Close the socket immediately and discard what is buffered."""

    async def wait_for_buffer_space(self) -> None:
        """Wait until another page of a replay can be buffered, or until the socket has closed."""


def transport_for(scope: Scope, send: Send) -> Transport:
    """Return the fastest transport that the server of this socket supports."""
    extension = (scope.get("extensions") or {}).get(FRAMES_EXTENSION)
    if extension is None:
        return AsgiTransport(send)
    transport: Transport = extension["transport"]
    return transport


class AsgiTransport:
    """Writes with `websocket.send`, in a task that exists only while there is something to send."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: deque[AsgiMessage] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        return False

    def write(self, batch: FrameBatch) -> int:
        if not self._closed:
            for frame in batch.frames:
                self._enqueue({"type": "websocket.send", "text": frame.text})
        return 0  # the server does not say how much it buffers

    def close(self, code: int) -> None:
        if not self._closed:
            self._closed = True
            self._enqueue({"type": "websocket.close", "code": code})

    def abort(self) -> None:
        self._queue.clear()
        self.close(1000)  # ASGI has no way to abort a connection

    async def wait_for_buffer_space(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    def _enqueue(self, message: AsgiMessage) -> None:
        self._queue.append(message)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._queue:
                await self._send(self._queue.popleft())
        except Exception:  # the socket has closed: the endpoint receives a disconnect
            self._queue.clear()
            self._closed = True
        finally:
            self._task = None

"""How the hub writes to one WebSocket: the `Transport` interface and its two implementations.

Our server gives applications a frame writer. It accepts encoded frames and returns how many bytes
are buffered. With any other server (`runserver`, a test) the transport uses plain
`websocket.send`. Every feature works with both. Writing never waits and keeps the order of calls.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from django.conf import settings

from hubbub.realtime.asgi_types import AsgiMessage, Scope, Send
from hubbub.realtime.protocol.websocket_frames import FrameBatch, encode_text_frame

# The ASGI extension of our server: {"writer": FrameWriter}.
FRAMES_EXTENSION: Final = "hubbub.frames"

# A replay writes its next page once no more than this is buffered. Zero would be too strict,
# because other busy rooms add frames all the time.
LOW_WATER_BYTES = settings.MAX_BUFFERED_BYTES // 4
# The server does not report when its buffer shrinks, so long replays to slow readers poll.
POLL_SECONDS, MAX_POLL_SECONDS = 0.02, 0.5

OnText: TypeAlias = Callable[[str | None], None]  # None: a binary frame
OnDisconnect: TypeAlias = Callable[[int | None], None]  # the close code


class FrameWriter(Protocol):
    """What the extension FRAMES_EXTENSION offers: one WebSocket that accepts encoded frames."""

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> None:
        """Call these for everything received from now on, and for everything already queued.

        The application must not call `receive` afterwards. It may return: the socket stays open.
        """

    def write_frames(self, data: bytes) -> int:
        """Write whole frames after everything sent before; return the number of buffered bytes.

        After a close frame, or when the socket has closed, write nothing and return 0.
        """

    def close(self, code: int) -> None:
        """Send a close frame; nothing is written after it."""

    def abort(self) -> None:
        """Close the TCP connection immediately and discard what is buffered."""

    @property
    def buffered_bytes(self) -> int:
        """How many bytes the process still buffers; 0 for a socket that has closed."""


class Transport(Protocol):
    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        """Pass what is received to these callbacks; return False if `receive` must be used."""

    def write(self, text: str) -> int:
        """Send a text frame after those written before; do nothing after `close`.

        Return how many bytes are buffered, or 0 if the server does not say.
        """

    def write_batch(self, batch: FrameBatch) -> int:
        """Send frames that many connections get; otherwise like `write`."""

    def close(self, code: int) -> None:
        """Close the socket after everything written before. A second call does nothing."""

    def abort(self) -> None:
        """Close the socket immediately and discard what is buffered."""

    async def wait_for_buffer_space(self) -> None:
        """Wait until another page of a replay can be buffered, or the socket has closed."""


def transport_for(scope: Scope, send: Send) -> Transport:
    """Return the fastest transport that the server of this socket supports."""
    extension = (scope.get("extensions") or {}).get(FRAMES_EXTENSION)
    return AsgiTransport(send) if extension is None else FrameTransport(extension["writer"])


class FrameTransport:
    """Writes through the frame writer of our server."""

    __slots__ = ("_writer",)

    def __init__(self, writer: FrameWriter) -> None:
        self._writer = writer

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        self._writer.attach(on_text, on_disconnect)
        return True

    def write(self, text: str) -> int:
        return self._writer.write_frames(encode_text_frame(text))

    def write_batch(self, batch: FrameBatch) -> int:
        return self._writer.write_frames(batch.data)

    def close(self, code: int) -> None:
        self._writer.close(code)

    def abort(self) -> None:
        self._writer.abort()

    async def wait_for_buffer_space(self) -> None:
        pause = POLL_SECONDS
        while self._writer.buffered_bytes > LOW_WATER_BYTES:
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_POLL_SECONDS)


class AsgiTransport:
    """Writes with `websocket.send`, in a task that exists only while there is something to send."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: deque[AsgiMessage] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        return False

    def write(self, text: str) -> int:
        if not self._closed:
            self._enqueue({"type": "websocket.send", "text": text})
        return 0  # the server does not say how much it buffers

    def write_batch(self, batch: FrameBatch) -> int:
        for frame in batch.frames:
            self.write(frame.text)
        return 0

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

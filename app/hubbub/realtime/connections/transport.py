"""How the hub writes to one socket: one small interface, and its two ways over ASGI.

Our server hands applications a frame writer, which takes ready-made frames and says how many bytes
wait; over any other server (`runserver`, a test) it is plain `websocket.send`. Everything works
either way. Neither waits, and both keep the order of the calls.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol, TypeAlias

from django.conf import settings

from hubbub.realtime.protocol.websocket_frames import FrameBatch, encode_text_frame

# The ASGI extension: {"writer": FrameWriter}.
FRAMES: Final = "hubbub.frames"

# Drained is who has hardly more waiting than a page: another busy room always adds a little.
DRAINED_BYTES = settings.MAX_BUFFERED_BYTES // 4
# Between looks at it: only long replays to slow readers wait for that.
DRAINED_LOOK_SECONDS, DRAINED_LOOK_MAX_SECONDS = 0.02, 0.5

Scope: TypeAlias = MutableMapping[str, Any]
OnText: TypeAlias = Callable[[str | None], None]  # None: a binary frame
OnDisconnect: TypeAlias = Callable[[int | None], None]  # the close code
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class FrameWriter(Protocol):
    """What a server offers as the extension FRAMES: one socket, in ready-made frames."""

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> None:
        """Call these for what comes from now on, and for what waits; no more is to be received.

        The application may return: the socket stays open.
        """

    def write_frames(self, data: bytes) -> int:
        """Write whole frames after all that was sent before; return the bytes that wait.

        After a close frame, or when the socket is gone, nothing is written and 0 returned.
        """

    def close(self, code: int) -> None:
        """Send a close frame; nothing is written after it."""

    def abort(self) -> None:
        """Cut the connection at once; what waits is thrown away."""

    @property
    def buffered_bytes(self) -> int:
        """How much waits to be sent; 0 for a socket that is gone."""


class Transport(Protocol):
    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        """Have these called for what comes; False where it must be received as usual."""

    def write(self, text: str) -> int:
        """Send a text frame after those written before; nothing after `close`.

        Returns how many bytes wait to be sent, as far as that is known.
        """

    def write_batch(self, batch: FrameBatch) -> int:
        """Send frames that many sockets get; otherwise as `write`."""

    def close(self, code: int) -> None:
        """Close the socket once what was written before is sent. Twice does nothing."""

    def abort(self) -> None:
        """Cut the socket off: what waits is not sent."""

    async def wait_for_buffer_space(self) -> None:
        """Wait until a page more does no harm, or the socket is gone."""


def transport_for(scope: Scope, send: Send) -> Transport:
    """Return the fastest transport that the server of a socket has."""
    extension = (scope.get("extensions") or {}).get(FRAMES)
    return AsgiTransport(send) if extension is None else FrameTransport(extension["writer"])


class FrameTransport:
    """Over the frame writer of our server."""

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
        pause = DRAINED_LOOK_SECONDS
        while self._writer.buffered_bytes > DRAINED_BYTES:  # the server does not tell
            await asyncio.sleep(pause)
            pause = min(2 * pause, DRAINED_LOOK_MAX_SECONDS)


class AsgiTransport:
    """Over `websocket.send`: one task while there is something to send, none at rest."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[MutableMapping[str, Any]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        return False

    def write(self, text: str) -> int:
        if not self._closed:
            self._put({"type": "websocket.send", "text": text})
        return 0  # the server buffers without saying how much

    def write_batch(self, batch: FrameBatch) -> int:
        for frame in batch.frames:
            self.write(frame.text)
        return 0

    def close(self, code: int) -> None:
        if not self._closed:
            self._closed = True
            self._put({"type": "websocket.close", "code": code})

    def abort(self) -> None:
        self._waiting.clear()
        self.close(1000)  # ASGI cannot cut a socket

    async def wait_for_buffer_space(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    def _put(self, message: MutableMapping[str, Any]) -> None:
        self._waiting.append(message)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._send(self._waiting.popleft())
        except Exception:  # the socket is gone: its consumer is told by a disconnect
            self._waiting.clear()
            self._closed = True
        finally:
            self._task = None

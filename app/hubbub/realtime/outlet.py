"""How the hub writes to one socket: the one small interface that a faster server may replace.

`write` and `close` never wait and keep their order. The plain outlet works over any ASGI server.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, TypeAlias

Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Outlet(Protocol):
    def write(self, text: str) -> None:
        """Send a text frame after those written before; nothing after `close`."""

    def close(self, code: int) -> None:
        """Close the socket once what was written before is sent. Twice does nothing."""


class PlainOutlet:
    """Over `websocket.send`: one task while there is something to send, none at rest."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[MutableMapping[str, Any]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def write(self, text: str) -> None:
        if not self._closed:
            self._put({"type": "websocket.send", "text": text})

    def close(self, code: int) -> None:
        if not self._closed:
            self._closed = True
            self._put({"type": "websocket.close", "code": code})

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

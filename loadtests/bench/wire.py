"""A WebSocket client that costs next to nothing: one asyncio protocol, frames parsed in place.

For load only (RFC 6455 as far as a well-behaved server needs it): the machine's two cores are for
the servers. Whoever wants the protocol's rules kept uses `loadtests.client`.
"""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast

TEXT, PING, PONG = 0x1, 0x9, 0xA
MASK = b"\0\0\0\0"  # nobody is between, so there is nothing to hide

OnText = Callable[["Socket", bytes], None]


class Socket(asyncio.Protocol):
    """One client's socket; `on_text` is called with each text frame's payload."""

    def __init__(self, number: int, request: bytes, on_text: OnText) -> None:
        self.number = number  # the owner's name for it
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request, self._on_text = request, on_text
        self._transport: asyncio.Transport | None = None
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed during the handshake"))

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            data = self._handshake(self._waiting + data)
        elif self._waiting:
            data = self._waiting + data
        self._waiting = self._frames(data) if self.opened.done() else data

    def write(self, text: bytes, opcode: int = TEXT) -> None:
        assert self._transport is not None
        self._transport.write(frame(text, opcode))

    def _handshake(self, data: bytes) -> bytes:
        """Take the server's answer; return what is left over, or all while it is not whole."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            return data
        if not head.startswith(b"HTTP/1.1 101"):
            self.opened.set_exception(ConnectionError(head.decode(errors="replace")[:200]))
        else:
            self.opened.set_result(None)
        return rest

    def _frames(self, data: bytes) -> bytes:
        """Pass on all whole frames; return what is left of the last one."""
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            if start + length > size:
                break
            self._take(data[at] & 0xF, data[start : start + length])
            at = start + length
        return data[at:]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._on_text(self, payload)
        elif opcode == PING:
            self.write(payload, PONG)


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a client's frame: masked, as RFC 6455 wants it, with a mask that changes nothing."""
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, 0x80 | length))
    else:
        head = bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big")
    return head + MASK + payload


def handshake(address: str, path: str, headers: dict[str, str]) -> bytes:
    lines = {
        "Host": address,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()

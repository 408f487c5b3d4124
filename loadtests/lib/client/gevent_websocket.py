"""Opening a socket and hearing frames on it under gevent, over `websocket-client`.

The twin of `sockets`, for the shell that Locust runs. Whoever imports this has had gevent patch the
standard library first: these calls look blocking.
"""

import json
import select
import socket
import struct
from contextlib import suppress

import websocket

from loadtests.lib.client.base_client import ABNORMAL_CLOSURE
from loadtests.lib.client.handshake import (
    PONG_SECONDS,
    SUBPROTOCOL,
    WELCOME_SECONDS,
    origin,
    socket_url,
)
from loadtests.lib.client.history import Frame

# What a socket that does not come to life raises.
NOT_OPENED = (OSError, websocket.WebSocketException)
# What one that lived and is gone raises.
LOST = (OSError, websocket.WebSocketException, AttributeError)
READ_BYTES = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: the end is a reset


class ClosedError(Exception):
    """The server closed the socket; `code` as its frame says it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Socket(websocket.WebSocket):
    """Reads what has come in one call: the library asks for two bytes, then for the rest."""

    _kept = b""
    _position = 0

    def has_more(self) -> bool:
        """Whether something has come that was not read yet."""
        if self.sock is None:
            return False
        return self._position < len(self._kept) or bool(select.select([self.sock], [], [], 0)[0])

    def _recv(self, bufsize: int) -> bytes:
        if self._position == len(self._kept):
            self._kept, self._position = super()._recv(READ_BYTES), 0  # type: ignore[no-untyped-call]
        chunk = self._kept[self._position : self._position + bufsize]
        self._position += len(chunk)
        return chunk


def connected(address: str, headers: dict[str, str]) -> Socket:
    """Return a socket after its handshake. Raises NOT_OPENED."""
    opened = websocket.create_connection(
        socket_url(address),
        class_=Socket,
        timeout=WELCOME_SECONDS,
        header=headers,
        origin=origin(address, headers),
        suppress_origin="Cookie" not in headers,
        subprotocols=[SUBPROTOCOL],
        skip_utf8_validation=True,  # the JSON's reader does it, and much faster
        http_no_proxy=["*"],
        sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )
    assert isinstance(opened, Socket)
    return opened


def welcomed(address: str, headers: dict[str, str]) -> tuple[Socket, Frame]:
    """Return a socket and its welcome. Raises NOT_OPENED, also where it is sent away at once."""
    opened = connected(address, headers)
    try:
        frame = json.loads(_receive(opened, WELCOME_SECONDS))
        if frame["type"] != "welcome":
            raise TimeoutError
    except ClosedError as closed:
        abort(opened)
        raise TimeoutError from closed
    except BaseException:
        abort(opened)
        raise
    return opened, frame


def hear(opened: Socket, welcome: Frame | None) -> bytes:
    """Return the next frame; after a heartbeat of silence ask whether anyone is there.

    Raises ClosedError, or LOST when it is gone without a word. The server's pings are answered by
    the library and count as something heard.
    """
    if welcome is None:
        return _receive(opened, WELCOME_SECONDS)
    try:
        return _receive(opened, welcome["heartbeat_seconds"])
    except websocket.WebSocketTimeoutException:
        opened.send('{"type":"ping"}')
        return _receive(opened, PONG_SECONDS)


def leave(opened: Socket) -> None:
    """Close it the way a page does that goes; whoever listens to it hears that it is lost."""
    with suppress(*LOST):
        opened.send_close()
    opened.shutdown()  # type: ignore[no-untyped-call]


def abort(opened: Socket) -> None:
    """Lose it as a network does: no close frame, from one moment to the next."""
    if opened.sock is not None:
        with suppress(OSError):
            opened.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    opened.shutdown()  # type: ignore[no-untyped-call]


def _receive(opened: Socket, within: float) -> bytes:
    if opened.gettimeout() != within:
        opened.settimeout(within)
    opcode, frame = opened.recv_data_frame()
    if opcode == websocket.ABNF.OPCODE_CLOSE:
        raise ClosedError(
            int.from_bytes(frame.data[:2], "big") if len(frame.data) >= 2 else ABNORMAL_CLOSURE
        )
    data: bytes = frame.data
    return data

"""Opening a WebSocket and receiving frames under gevent, over `websocket-client`.

The counterpart of `websocket` for `gevent_client`. gevent must have patched the standard library
before this is imported, because the calls look blocking.
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

# Raised if a socket cannot be opened.
NOT_OPENED = (OSError, websocket.WebSocketException)
# Raised if an open socket is lost.
LOST = (OSError, websocket.WebSocketException, AttributeError)
READ_BYTES = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends a TCP reset


class ClosedError(Exception):
    """The server closed the socket with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Socket(websocket.WebSocket):
    """Reads all available bytes at once: the library asks for two bytes, then for the rest."""

    _buffer = b""
    _position = 0

    def has_more(self) -> bool:
        """Whether there is something to read."""
        if self.sock is None:
            return False
        return self._position < len(self._buffer) or bool(select.select([self.sock], [], [], 0)[0])

    def _recv(self, bufsize: int) -> bytes:
        if self._position == len(self._buffer):
            self._buffer, self._position = super()._recv(READ_BYTES), 0  # type: ignore[no-untyped-call]
        chunk = self._buffer[self._position : self._position + bufsize]
        self._position += len(chunk)
        return chunk


def connect_socket(address: str, headers: dict[str, str]) -> Socket:
    """Return a socket after its handshake. Raises NOT_OPENED."""
    opened = websocket.create_connection(
        socket_url(address),
        class_=Socket,
        timeout=WELCOME_SECONDS,
        header=headers,
        origin=origin(address, headers),
        suppress_origin="Cookie" not in headers,
        subprotocols=[SUBPROTOCOL],
        skip_utf8_validation=True,  # the JSON parser does this, and much faster
        http_no_proxy=["*"],
        sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )
    assert isinstance(opened, Socket)
    return opened


def connect_and_welcome(address: str, headers: dict[str, str]) -> tuple[Socket, Frame]:
    """Return a socket and its welcome. Raises NOT_OPENED, also if the server closes it at once."""
    opened = connect_socket(address, headers)
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


def receive(opened: Socket, welcome: Frame | None) -> bytes:
    """Return the next frame; after a ping interval of silence, ping the server.

    Raises ClosedError, or LOST if the connection is lost. The library answers the server's pings,
    and a ping ends a silence.
    """
    if welcome is None:
        return _receive(opened, WELCOME_SECONDS)
    try:
        return _receive(opened, welcome["heartbeat_seconds"])
    except websocket.WebSocketTimeoutException:
        opened.send('{"type":"ping"}')
        return _receive(opened, PONG_SECONDS)


def close(opened: Socket) -> None:
    """Close it as a closing page does; a greenlet that is receiving on it gets LOST."""
    with suppress(*LOST):
        opened.send_close()
    opened.shutdown()  # type: ignore[no-untyped-call]


def abort(opened: Socket) -> None:
    """Drop it without a close frame, as a network failure does."""
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

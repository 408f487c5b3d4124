"""A server for one WebSocket that sends its bytes in pieces and can refuse handshakes."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"


@contextmanager
def fragmenting_server(piece: int, paddings: Sequence[int], refuse: int = 0) -> Iterator[str]:
    """Echo each message with the next of `paddings`, at most `piece` bytes at a time.

    The first `refuse` handshakes are refused. Yields the address.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        arguments = (listener, piece, paddings, refuse)
        thread = threading.Thread(target=_serve, args=arguments)
        thread.start()
        host, port = listener.getsockname()
        yield f"{host}:{port}"
        thread.join()


def server_frame(text: bytes) -> bytes:
    length = len(text)
    if length < 126:
        return bytes((0x81, length)) + text
    if length < 65_536:
        return bytes((0x81, 126)) + length.to_bytes(2, "big") + text
    return bytes((0x81, 127)) + length.to_bytes(8, "big") + text


def _serve(listener: socket.socket, piece: int, paddings: Sequence[int], refuse: int) -> None:
    for turn in range(refuse + 1):
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as incoming:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while incoming.readline() != b"\r\n":
                pass
            if turn < refuse:
                connection.sendall(REFUSED)
            else:
                connection.sendall(ACCEPTED)
                _echo(connection, iter(lambda: _text(incoming), b""), piece, paddings)


def _echo(
    connection: socket.socket, texts: Iterator[bytes], piece: int, paddings: Sequence[int]
) -> None:
    for turn, text in enumerate(texts):
        frame = server_frame(text + b" " * paddings[turn % len(paddings)])
        for start in range(0, len(frame), max(piece, len(frame) // 500)):
            try:
                connection.sendall(frame[start : start + max(piece, len(frame) // 500)])
            except OSError:
                return


def _text(incoming: BinaryIO) -> bytes:
    """Return the text of the next short frame, whose mask must be all zeros."""
    head = incoming.read(2)
    if not head:
        return b""
    assert head[1] & 0x80
    assert incoming.read(4) == bytes(4)
    return incoming.read(head[1] & 0x7F)

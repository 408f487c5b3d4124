"""A proxy in front of replicas, which behaves well except for the fault that a test sets.

It takes the place of nginx. All tests share one port, because the port is part of the deployment's
origin; a test can pass a `listener` instead. Each connection carries one request or one WebSocket,
and the replicas take turns.
"""

import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.startable import Startable

Change = Callable[[bytes], bytes]
PRIVATE = ("/metrics", "/healthz", "/readyz")
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
END = b"\r\n\r\n"
TIMEOUT_SECONDS = 60.0


def unchanged(data: bytes) -> bytes:
    return data


@dataclass(frozen=True, slots=True)
class Fault:
    """What the proxy does wrong. By default, it does nothing wrong."""

    request: Change = unchanged  # the head of each request
    answer: Change = unchanged  # the head of each response
    frames: Change = unchanged  # what a replica writes to an open WebSocket
    hidden: Sequence[str] = PRIVATE  # path prefixes to which the proxy responds with 404
    idle_seconds: float = TIMEOUT_SECONDS  # a WebSocket that is idle for this long is closed
    down: bool = False


@dataclass(slots=True)
class FaultyProxy(Startable):
    ports: list[int]
    pages: list[int] = field(
        default_factory=list
    )  # ports of `web`; if empty, the replicas serve pages
    tls: ssl.SSLContext | None = None
    fault: Fault = field(default_factory=Fault)
    listener: socket.socket = field(default_factory=lambda: socket.create_server((HOST, 0)))
    _turn: Iterator[int] = field(default_factory=count)
    _socket_turn: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    @property
    def url(self) -> str:
        scheme, usual = ("https", 443) if self.tls else ("http", 80)
        port = self.listener.getsockname()[1]
        return f"{scheme}://{HOST}" if port == usual else f"{scheme}://{HOST}:{port}"

    @contextmanager
    def with_fault(self, fault: Fault) -> Iterator[None]:
        previous, self.fault = self.fault, fault
        try:
            yield
        finally:
            self.fault = previous

    @contextmanager
    def in_front_of(self, *ports: int) -> Iterator[None]:
        """Pass requests to these replicas until the `with` block ends."""
        previous, self.ports = self.ports, list(ports)
        try:
            yield
        finally:
            self.ports = previous

    def _serve(self) -> None:
        with suppress(OSError):  # the connection is already closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            client.settimeout(TIMEOUT_SECONDS)
            if self.tls is None:
                self._forward(client, *_head(client))
                return
            with self.tls.wrap_socket(client, server_side=True) as secured:
                self._forward(secured, *_head(secured))

    def _forward(self, client: socket.socket, head: bytes, rest: bytes) -> None:
        path = head.split(b" ", 2)[1].decode()
        if path.startswith(tuple(self.fault.hidden)):
            client.sendall(NOT_FOUND)
            return
        if self.fault.down:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection((HOST, self._next_port(path))) as replica:
            replica.settimeout(TIMEOUT_SECONDS)
            if self.tls:
                head = with_header(b"X-Forwarded-Proto", b"https")(head)
            replica.sendall(self.fault.request(head) + _body(client, head, rest))
            answer, rest = _head(replica)
            client.sendall(self.fault.answer(answer) + rest)
            if path == "/ws/":
                _exchange(client, replica, self.fault.frames, self.fault.idle_seconds)
            else:
                _exchange(client, replica, unchanged, TIMEOUT_SECONDS)

    def _next_port(self, path: str) -> int:
        if path == "/ws/":
            return self.ports[next(self._socket_turn) % len(self.ports)]
        pages = self.pages or self.ports
        return pages[next(self._turn) % len(pages)]


def with_header(name: bytes, value: bytes) -> Change:
    """Return a change that sets or replaces a header."""

    def change(head: bytes) -> bytes:
        return without_header(name)(head)[:-2] + name + b": " + value + END

    return change


def without_header(name: bytes) -> Change:
    def change(head: bytes) -> bytes:
        lines = head[: -len(END)].split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith(name.lower() + b":")]
        return b"\r\n".join(kept) + END

    return change


def with_status(*statuses: bytes, to: bytes) -> Change:
    """Return a change that replaces these response statuses by `to`."""

    def change(head: bytes) -> bytes:
        version, status, reason = head.split(b" ", 2)
        return b" ".join([version, to if status in statuses else status, reason])

    return change


def _head(source: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of a request or a response, and the bytes received after it."""
    data = b""
    while END not in data:
        more = source.recv(65_536)
        if not more:
            raise ConnectionError
        data += more
    head, _, rest = data.partition(END)
    return head + END, rest


def _body(source: socket.socket, head: bytes, received: bytes) -> bytes:
    """Return a request's whole body."""
    length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
    while len(received) < int(length[1] if length else 0):
        received += source.recv(65_536)
    return received


def _exchange(
    client: socket.socket, replica: socket.socket, change: Change, idle_seconds: float
) -> None:
    """Pass data on in both directions, until one side closes or both are idle for too long.

    This is done in one thread, because two threads must not read and write one TLS socket.
    """
    while ready := _readable(client, replica, idle_seconds):
        for source in ready:
            data = source.recv(65_536)
            if not data:
                return
            if source is client:
                replica.sendall(data)
            else:
                client.sendall(change(data))


def _readable(client: socket.socket, replica: socket.socket, within: float) -> list[socket.socket]:
    if isinstance(client, ssl.SSLSocket) and client.pending():
        return [client]
    return select.select([client, replica], [], [], within)[0]

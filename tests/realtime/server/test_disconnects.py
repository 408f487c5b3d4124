"""The end of a socket is always noticed, even after other errors, and no socket stays forever."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection

import pytest
from websocket import WebSocket

from loadtests.lib.client.websocket_bytes import PING, frame
from loadtests.lib.servers.process import HOST
from tests.realtime.server.servers import Ours

CLOSE_SECONDS = 15
# Several times more than the kernel and the buffer limit hold for one socket.
PINGS, CHUNK = 60_000, 1_000


@pytest.fixture
def attached(ours: Ours) -> Iterator[WebSocket]:
    """Return a socket whose application has returned, with a tiny receive buffer."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(20)
        connection.connect((HOST, ours.port))
        client = WebSocket()
        client.connect("ws://localhost/", socket=connection)  # type: ignore[no-untyped-call]
        client.send("attach")
        assert client.recv() == "attached"
        yield client


def test_a_close_is_noticed_after_other_requests_have_failed(
    ours: Ours, attached: WebSocket
) -> None:
    before = count_closes(ours)
    for request in ("/midway", "/early"):
        send_twice(ours, request)
    wait_for_log(ours, "in the middle of the response", 1)
    wait_for_log(ours, "before the response", 1)
    attached.send("still here?")
    assert attached.recv() == "still here?"
    attached.close()
    wait_for_closes(ours, before + 1)


def test_a_client_that_pings_without_reading_is_aborted(ours: Ours, attached: WebSocket) -> None:
    before = count_closes(ours)
    pings = frame(b"." * 125, PING) * CHUNK
    assert attached.sock is not None
    with suppress(OSError):
        for _ in range(PINGS // CHUNK):
            attached.sock.sendall(pings)
    wait_for_closes(ours, before + 1)


def test_a_client_that_closes_without_reading_does_not_stay(
    ours: Ours, attached: WebSocket
) -> None:
    before = count_closes(ours)
    for _ in range(14):
        attached.send("x" * 60_000)
    attached.send_close()
    wait_for_closes(ours, before + 1)


def send_twice(ours: Ours, path: str) -> None:
    """Send two requests at once. Disconnect after the first response, or without one."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with socket.create_connection((HOST, ours.port), timeout=2) as connection:
        connection.sendall(2 * request)
        with suppress(TimeoutError):
            connection.recv(65_536)


def wait_for_log(ours: Ours, text: str, times: int) -> None:
    deadline = time.monotonic() + CLOSE_SECONDS
    while ours.log.read_text().count(text) < times:
        assert time.monotonic() < deadline, ours.tail()
        time.sleep(0.05)


def wait_for_closes(ours: Ours, count: int) -> None:
    deadline = time.monotonic() + CLOSE_SECONDS
    while count_closes(ours) < count:
        assert time.monotonic() < deadline, ours.tail()
        time.sleep(0.05)


def count_closes(ours: Ours) -> int:
    connection = HTTPConnection(HOST, ours.port, timeout=5)
    with closing(connection):
        connection.request("GET", "/")
        return int(connection.getresponse().read())

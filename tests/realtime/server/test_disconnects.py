"""Whatever else goes wrong, a socket that is gone is told to be gone, and nobody stays for ever."""

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

GONE_SECONDS = 15
# Several times what the kernel and the limit hold for one socket.
PINGS, CHUNK = 60_000, 1_000


@pytest.fixture
def attached(ours: Ours) -> Iterator[WebSocket]:
    """A socket whose application has returned; it takes in hardly anything but what it reads."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(20)
        connection.connect((HOST, ours.port))
        client = WebSocket()
        client.connect("ws://localhost/", socket=connection)  # type: ignore[no-untyped-call]
        client.send("attach")
        assert client.recv() == "attached"
        yield client


def test_a_socket_is_noticed_to_go_whatever_requests_failed_before(
    ours: Ours, attached: WebSocket
) -> None:
    before = gone(ours)
    for request in ("/midway", "/early"):
        send_twice(ours, request)
    until_logged(ours, "in the middle of the answer", 1)
    until_logged(ours, "before the answer", 1)
    attached.send("still here?")
    assert attached.recv() == "still here?"
    attached.close()
    until_gone(ours, before + 1)


def test_who_pings_without_end_and_reads_nothing_is_cut_off(
    ours: Ours, attached: WebSocket
) -> None:
    before = gone(ours)
    pings = frame(b"." * 125, PING) * CHUNK
    assert attached.sock is not None
    with suppress(OSError):
        for _ in range(PINGS // CHUNK):
            attached.sock.sendall(pings)
    until_gone(ours, before + 1)


def test_who_closes_without_reading_what_waits_does_not_stay(
    ours: Ours, attached: WebSocket
) -> None:
    before = gone(ours)
    for _ in range(14):
        attached.send("x" * 60_000)
    attached.send_close()
    until_gone(ours, before + 1)


def send_twice(ours: Ours, path: str) -> None:
    """Send two requests at once, and go away when the first is answered, or is not."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with socket.create_connection((HOST, ours.port), timeout=2) as connection:
        connection.sendall(2 * request)
        with suppress(TimeoutError):
            connection.recv(65_536)


def until_logged(ours: Ours, text: str, times: int) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while ours.log.read_text().count(text) < times:
        assert time.monotonic() < deadline, ours.tail()
        time.sleep(0.05)


def until_gone(ours: Ours, count: int) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while gone(ours) < count:
        assert time.monotonic() < deadline, ours.tail()
        time.sleep(0.05)


def gone(ours: Ours) -> int:
    connection = HTTPConnection(HOST, ours.port, timeout=5)
    with closing(connection):
        connection.request("GET", "/")
        return int(connection.getresponse().read())

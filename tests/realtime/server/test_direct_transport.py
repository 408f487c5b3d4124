"""Encoded frames keep their order among all others, on every transport, even to a slow reader."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from websocket import ABNF, WebSocket, WebSocketConnectionClosedException

from loadtests.lib.servers.process import HOST
from tests.realtime.server.scripted_application import PADDING
from tests.realtime.server.servers import Ours

# Small enough to be read while the server waits for the answer to its close frame.
SLOW_BYTES = 500_000
# More than the kernel buffers for a loopback socket.
STUCK_BYTES = 3_000_000


def plain(ours: Ours) -> socket.socket:
    return socket.create_connection((HOST, ours.port))


def encrypted(ours: Ours) -> socket.socket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection((HOST, ours.tls_port)))


def local(ours: Ours) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(ours.path))
    return connection


@pytest.fixture(params=[plain, encrypted, local])
def client(ours: Ours, request: pytest.FixtureRequest) -> Iterator[WebSocket]:
    """Return a client that reads only when the test does."""
    connect: Callable[[Ours], socket.socket] = request.param
    with closing(connect(ours)) as connection:
        connection.settimeout(20)
        client = WebSocket()
        client.connect("ws://localhost/", socket=connection)  # type: ignore[no-untyped-call]
        yield client


def test_encoded_and_ordinary_frames_arrive_in_order(
    client: WebSocket,
) -> None:
    client.send("alternate 200")
    assert [client.recv() for _ in range(200)] == [str(number) for number in range(200)]


def test_a_late_reader_gets_every_frame_whole_and_the_close_last(client: WebSocket) -> None:
    client.send(f"fill {SLOW_BYTES}")
    texts = []
    while True:
        opcode, data = client.recv_data()
        if opcode == ABNF.OPCODE_CLOSE:
            break
        texts.append(data.decode())
    *numbered, ordinary, encoded = texts
    assert (ordinary, encoded) == ("ordinary", "encoded")
    assert numbered == [f"{number} {PADDING}" for number in range(len(numbered))]
    assert data == (4321).to_bytes(2)


def test_an_aborted_client_gets_no_more_than_the_kernel_buffered(client: WebSocket) -> None:
    client.send(f"abort {STUCK_BYTES}")
    received = 0
    with suppress(WebSocketConnectionClosedException, ConnectionError, ssl.SSLError):
        while text := client.recv():
            received += len(text)
    assert received < STUCK_BYTES


def test_pings_are_answered_while_frames_are_written(client: WebSocket) -> None:
    client.send("alternate 50")
    client.ping("here?")
    client.send("alternate 50")
    received = [client.recv_data_frame(control_frame=True) for _ in range(101)]
    pongs = [frame.data for opcode, frame in received if opcode == ABNF.OPCODE_PONG]
    texts = [frame.data.decode() for opcode, frame in received if opcode == ABNF.OPCODE_TEXT]
    assert pongs == [b"here?"]
    assert texts == 2 * [str(number) for number in range(50)]

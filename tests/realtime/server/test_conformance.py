"""Third-party clients get the same answers from our server as from stock Daphne."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, TypeAlias

import pytest
import websocket
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate

from loadtests.lib.client.websocket_bytes import frame, handshake
from loadtests.lib.servers.process import HOST
from tests.realtime.server.servers import Ours, Stock

Received: TypeAlias = list[Any]

# Lengths at and around those where a frame's header changes its format.
LENGTHS = (1, 125, 126, 127, 65_535, 65_536)


def by_websockets(port: int) -> Received:
    """Use the library `websockets`, which offers compression and sends fragments."""

    async def talk() -> Received:
        received: Received = []
        async with connect(
            f"ws://{HOST}:{port}/",
            subprotocols=[Subprotocol("hubbub.v1")],
            proxy=None,
            max_size=None,
        ) as client:
            assert client.response is not None
            received += [
                client.subprotocol,
                client.response.headers.get("Sec-WebSocket-Extensions"),
            ]
            for length in LENGTHS:
                await client.send("é" * length)
                received.append(await client.recv())
            await client.send(["in ", "three ", "fragments"])
            received.append(await client.recv())
            await client.send(b"bytes")
            received.append(await client.recv())
            await (await client.ping(b"here?"))
            await client.close(4000, "that is all")
        return [*received, client.close_code, client.close_reason]

    return asyncio.run(talk())


def by_websocket_client(port: int) -> Received:
    """Use the library `websocket-client`, and let the server close."""
    received: Received = []
    client = websocket.create_connection(f"ws://{HOST}:{port}/", timeout=10)
    with ExitStack() as stack:
        # `close` does nothing once the client has answered the server's close frame, so it would
        # leave the TCP connection open.
        stack.callback(client.shutdown)
        received += [client.getsubprotocol(), sorted(client.getheaders() or ())]
        client.send_frame(websocket.ABNF.create_frame("two ", websocket.ABNF.OPCODE_TEXT, fin=0))
        client.ping("between")
        client.send_frame(websocket.ABNF.create_frame("parts", websocket.ABNF.OPCODE_CONT, fin=1))
        received += [_plain(client.recv_data_frame(control_frame=True)) for _ in range(2)]
        client.send("close 4321")
        received.append(client.recv_data())
    return received


def by_wsproto(port: int) -> Received:
    """Use the library `wsproto`, which does no I/O: offer compression, and let the server close."""
    client = WSConnection(ConnectionType.CLIENT)
    sent: list[Event] = [TextMessage("x" * length) for length in LENGTHS]
    sent += [TextMessage("a half", message_finished=False), TextMessage(""), Ping(b"here?")]
    received: Received = []
    with socket.create_connection((HOST, port), timeout=10) as connection:
        request = Request(HOST, "/", [PerMessageDeflate()], subprotocols=["hubbub.v1", "other"])
        connection.sendall(client.send(request))
        while client.state is not ConnectionState.CLOSED:
            client.receive_data(connection.recv(65_536) or None)
            for event in client.events():
                if isinstance(event, AcceptConnection):
                    received += [event.subprotocol, event.extensions]
                    for each in (*sent, TextMessage("close 4321")):
                        connection.sendall(client.send(each))
                elif isinstance(event, CloseConnection):
                    received.append((event.code, event.reason))
                    connection.sendall(client.send(event.response()))
                else:
                    received.append((type(event), *_payload(event)))
    return _with_joined_texts(received)


def _payload(event: Event) -> tuple[Any, ...]:
    assert isinstance(event, TextMessage | Pong)
    return (event.data,) if isinstance(event, TextMessage) else (bytes(event.payload),)


def _with_joined_texts(received: Received) -> Received:
    """Join the texts: how they are split into events depends on timing."""
    texts = [each[1] for each in received if isinstance(each, tuple) and each[0] is TextMessage]
    others = [each for each in received if not (isinstance(each, tuple) and each[0] is TextMessage)]
    return ["".join(texts), *others]


CLIENTS: list[Callable[[int], Received]] = [by_websockets, by_websocket_client, by_wsproto]


@pytest.mark.parametrize("talk", CLIENTS)
def test_libraries_get_the_same_answers(
    talk: Callable[[int], Received], ours: Ours, stock: Stock
) -> None:
    assert talk(ours.port) == talk(stock.port)


# Raw bytes that are sent after the handshake, and that no library would send.
BROKEN = {
    "a frame without a mask": b"\x81\x02hi",
    "a reserved opcode": b"\x83\x80\0\0\0\0",
    "a reserved bit": b"\xc1\x80\0\0\0\0",
    "text that is not UTF-8": frame(b"\xc3\x28"),
    "a fragmented ping": b"\x09\x80\0\0\0\0",
    "an oversized ping": b"\x89\xfe" + struct.pack(">H", 126) + bytes(4 + 126),
    "a continuation of nothing": b"\x80\x80\0\0\0\0",
    "a close code that must not be sent": frame(struct.pack(">H", 1005), 8),
    "a close of one byte": frame(b"\x03", 8),
    "data after a close": frame(struct.pack(">H", 1000), 8) + frame(b"more"),
    "a frame beyond all limits": b"\x81\xff" + struct.pack(">Q", 1 << 40) + bytes(4),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken_frames_get_the_same_answers(data: bytes, ours: Ours, stock: Stock) -> None:
    assert answer_to(data, ours.port) == answer_to(data, stock.port)


HANDSHAKES = {
    "a valid one": {},
    "compression offered": {"Sec-WebSocket-Extensions": "permessage-deflate"},
    "another version": {"Sec-WebSocket-Version": "8"},
    "an invalid key": {"Sec-WebSocket-Key": "short"},
    "subprotocols": {"Sec-WebSocket-Protocol": "one, two"},
    "an invalid origin": {"Origin": "nowhere"},
}


@pytest.mark.parametrize("headers", HANDSHAKES.values(), ids=HANDSHAKES.keys())
def test_handshakes_get_the_same_answers(headers: dict[str, str], ours: Ours, stock: Stock) -> None:
    assert handshake_answer(headers, ours.port) == handshake_answer(headers, stock.port)


def answer_to(data: bytes, port: int) -> bytes:
    """Return everything received after sending `data`, up to the end of the connection."""
    with socket.create_connection((HOST, port), timeout=10) as connection:
        perform_handshake(connection, {})
        connection.sendall(data)
        received = b""
        with suppress(ConnectionError):  # the server aborts if its close is not answered
            while more := connection.recv(65_536):
                received += more
    return received


def handshake_answer(headers: dict[str, str], port: int) -> str:
    """Return the response's headers, without the values that change each time."""
    with socket.create_connection((HOST, port), timeout=10) as connection:
        head = perform_handshake(connection, headers)
    return re.sub(r"(Sec-WebSocket-Accept|Date): .*", r"\1", head)


def perform_handshake(connection: socket.socket, headers: dict[str, str]) -> str:
    address = "{}:{}".format(*connection.getpeername())
    connection.sendall(handshake(address, "/", headers))
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(1)):
        head += more
    return head.decode()


def _plain(received: tuple[int, Any]) -> tuple[int, bytes]:
    opcode, frame = received
    return opcode, frame.data

"""Clients that others wrote get from our server the same answers as from Daphne as it comes."""

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

Heard: TypeAlias = list[Any]

# At and around every length that a frame's head says in another way.
LENGTHS = (1, 125, 126, 127, 65_535, 65_536)


def by_websockets(port: int) -> Heard:
    """The library `websockets`, which offers compression and sends in fragments."""

    async def talk() -> Heard:
        heard: Heard = []
        async with connect(
            f"ws://{HOST}:{port}/",
            subprotocols=[Subprotocol("hubbub.v1")],
            proxy=None,
            max_size=None,
        ) as client:
            assert client.response is not None
            heard += [client.subprotocol, client.response.headers.get("Sec-WebSocket-Extensions")]
            for length in LENGTHS:
                await client.send("é" * length)
                heard.append(await client.recv())
            await client.send(["in ", "three ", "fragments"])
            heard.append(await client.recv())
            await client.send(b"bytes")
            heard.append(await client.recv())
            await (await client.ping(b"here?"))
            await client.close(4000, "that is all")
        return [*heard, client.close_code, client.close_reason]

    return asyncio.run(talk())


def by_websocket_client(port: int) -> Heard:
    """The library `websocket-client`; the server closes."""
    heard: Heard = []
    client = websocket.create_connection(f"ws://{HOST}:{port}/", timeout=10)
    with ExitStack() as stack:
        stack.callback(client.shutdown)  # its `close` leaves the socket open once that is closed
        heard += [client.getsubprotocol(), sorted(client.getheaders() or ())]
        client.send_frame(websocket.ABNF.create_frame("two ", websocket.ABNF.OPCODE_TEXT, fin=0))
        client.ping("between")
        client.send_frame(websocket.ABNF.create_frame("parts", websocket.ABNF.OPCODE_CONT, fin=1))
        heard += [_plain(client.recv_data_frame(control_frame=True)) for _ in range(2)]
        client.send("close 4321")
        heard.append(client.recv_data())
    return heard


def by_wsproto(port: int) -> Heard:
    """The library `wsproto`, which does no I/O; it offers compression, and the server closes."""
    client = WSConnection(ConnectionType.CLIENT)
    sent: list[Event] = [TextMessage("x" * length) for length in LENGTHS]
    sent += [TextMessage("a half", message_finished=False), TextMessage(""), Ping(b"here?")]
    heard: Heard = []
    with socket.create_connection((HOST, port), timeout=10) as connection:
        request = Request(HOST, "/", [PerMessageDeflate()], subprotocols=["hubbub.v1", "other"])
        connection.sendall(client.send(request))
        while client.state is not ConnectionState.CLOSED:
            client.receive_data(connection.recv(65_536) or None)
            for event in client.events():
                if isinstance(event, AcceptConnection):
                    heard += [event.subprotocol, event.extensions]
                    for each in (*sent, TextMessage("close 4321")):
                        connection.sendall(client.send(each))
                elif isinstance(event, CloseConnection):
                    heard.append((event.code, event.reason))
                    connection.sendall(client.send(event.response()))
                else:
                    heard.append((type(event), *_payload(event)))
    return _joined(heard)


def _payload(event: Event) -> tuple[Any, ...]:
    assert isinstance(event, TextMessage | Pong)
    return (event.data,) if isinstance(event, TextMessage) else (bytes(event.payload),)


def _joined(heard: Heard) -> Heard:
    """Put the texts together: how much of one is read at once is chance."""
    texts = [each[1] for each in heard if isinstance(each, tuple) and each[0] is TextMessage]
    others = [each for each in heard if not (isinstance(each, tuple) and each[0] is TextMessage)]
    return ["".join(texts), *others]


CLIENTS: list[Callable[[int], Heard]] = [by_websockets, by_websocket_client, by_wsproto]


@pytest.mark.parametrize("talk", CLIENTS)
def test_libraries_are_answered_alike(
    talk: Callable[[int], Heard], ours: Ours, stock: Stock
) -> None:
    assert talk(ours.port) == talk(stock.port)


# What no library sends: by name, after a handshake.
BROKEN = {
    "a frame without a mask": b"\x81\x02hi",
    "an opcode that is reserved": b"\x83\x80\0\0\0\0",
    "a reserved bit": b"\xc1\x80\0\0\0\0",
    "text that is not UTF-8": frame(b"\xc3\x28"),
    "a ping in fragments": b"\x09\x80\0\0\0\0",
    "a ping that is too long": b"\x89\xfe" + struct.pack(">H", 126) + bytes(4 + 126),
    "the middle of nothing": b"\x80\x80\0\0\0\0",
    "a close code that nobody may send": frame(struct.pack(">H", 1005), 8),
    "a close of one byte": frame(b"\x03", 8),
    "a close, and more after it": frame(struct.pack(">H", 1000), 8) + frame(b"more"),
    "a frame beyond all limits": b"\x81\xff" + struct.pack(">Q", 1 << 40) + bytes(4),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken_frames_are_answered_alike(data: bytes, ours: Ours, stock: Stock) -> None:
    assert answer_to(data, ours.port) == answer_to(data, stock.port)


HANDSHAKES = {
    "as it should be": {},
    "with compression offered": {"Sec-WebSocket-Extensions": "permessage-deflate"},
    "of another version": {"Sec-WebSocket-Version": "8"},
    "with a key that is none": {"Sec-WebSocket-Key": "short"},
    "with subprotocols": {"Sec-WebSocket-Protocol": "one, two"},
    "with an origin that is none": {"Origin": "nowhere"},
}


@pytest.mark.parametrize("headers", HANDSHAKES.values(), ids=HANDSHAKES.keys())
def test_handshakes_are_answered_alike(headers: dict[str, str], ours: Ours, stock: Stock) -> None:
    assert handshake_answer(headers, ours.port) == handshake_answer(headers, stock.port)


def answer_to(data: bytes, port: int) -> bytes:
    """Return all that comes after `data`, to the end of the connection."""
    with socket.create_connection((HOST, port), timeout=10) as connection:
        shake_hands(connection, {})
        connection.sendall(data)
        received = b""
        with suppress(ConnectionError):  # cut by who waits in vain for the answer to a close
            while more := connection.recv(65_536):
                received += more
    return received


def handshake_answer(headers: dict[str, str], port: int) -> str:
    """Return the head of the answer, without what differs each time."""
    with socket.create_connection((HOST, port), timeout=10) as connection:
        head = shake_hands(connection, headers)
    return re.sub(r"(Sec-WebSocket-Accept|Date): .*", r"\1", head)


def shake_hands(connection: socket.socket, headers: dict[str, str]) -> str:
    address = "{}:{}".format(*connection.getpeername())
    connection.sendall(handshake(address, "/", headers))
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(1)):
        head += more
    return head.decode()


def _plain(received: tuple[int, Any]) -> tuple[int, bytes]:
    opcode, frame = received
    return opcode, frame.data

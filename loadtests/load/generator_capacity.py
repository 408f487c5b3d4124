"""Measures how many deliveries one process of the generator can receive.

`python -m loadtests.load.generator_capacity` prints the µs of CPU that a delivery costs: reading it
from the socket, decoding, checking and measuring it. A child process sends prebuilt frames, so
nothing but receiving counts. A run measures this first, and reports at its end how close it came to
this capacity.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import multiprocessing  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402
from base64 import b64encode  # noqa: E402
from collections import deque  # noqa: E402
from contextlib import AsyncExitStack  # noqa: E402
from functools import partial  # noqa: E402
from hashlib import sha1  # noqa: E402
from random import Random  # noqa: E402

from loadtests.lib.client import Client, History, gevent_loop  # noqa: E402
from loadtests.lib.client.subscription import Start  # noqa: E402
from loadtests.lib.servers.process import HOST  # noqa: E402
from loadtests.lib.simulation.message_text import sentence  # noqa: E402
from loadtests.load.connection_observer import ConnectionObserver  # noqa: E402
from loadtests.load.message_stamp import stamp  # noqa: E402
from loadtests.load.recorder import Recorder  # noqa: E402

CONNECTIONS = 20
MESSAGES = 500
ROUND_SECONDS = 0.002  # so that each frame is received on its own
RUN_ID = "capacity"
ROOM = 1
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TIMEOUT_SECONDS = 60
random = Random()


class RecordingSink:
    """A `ResultSink` that only records."""

    def __init__(self) -> None:
        self.recorder = Recorder("capacity", time.time())

    def succeeded(self, kind: str, name: str, seconds: float) -> None:
        self.recorder.record(kind, seconds)

    def failed(self, kind: str, name: str, error: Exception) -> None: ...

    def order_error(self, kind: str, text: str) -> None:
        raise AssertionError(text)


def measure() -> float:
    """Return the µs of this process's CPU per delivery."""
    listener = socket.create_server((HOST, 0), backlog=CONNECTIONS)
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,))
    server.start()
    address = f"{HOST}:{listener.getsockname()[1]}"
    try:
        return gevent_loop.run(receive_all(address, RecordingSink()), TIMEOUT_SECONDS)
    finally:
        server.kill()
        server.join()


async def receive_all(address: str, sink: RecordingSink) -> float:
    async with AsyncExitStack() as stack:
        clients = [make_client(f"client {number}", address, sink) for number in range(CONNECTIONS)]
        for client in clients:
            await stack.enter_async_context(client)
        for client in clients:
            await client.wait_until(partial(getattr, client, "connected"), TIMEOUT_SECONDS)
        started = time.process_time()
        # The server accepted them in any order: subscribe all before waiting for one.
        for client in clients:
            await client.subscribe(ROOM, Start.NOW)
        for client in clients:
            await client.wait_until(partial(client.is_open, ROOM), TIMEOUT_SECONDS)
            await client.send_unanswered("ping")  # the server starts sending
        for client in clients:
            await client.wait_until(partial(has_all, client), TIMEOUT_SECONDS)
        return (time.process_time() - started) / sink.recorder.deliveries * 1e6


def make_client(name: str, address: str, sink: RecordingSink) -> Client:
    observer = ConnectionObserver(name, RUN_ID, sink)
    history = History(name, deque(maxlen=0), watch=observer.observe)
    identity = "Cookie: sessionid=x"
    return Client(name, identity, [address], history=history, listener=observer, messages_kept=200)


def has_all(client: Client) -> bool:
    return client.subscription(ROOM).position == MESSAGES


def serve(listener: socket.socket) -> None:
    """Welcome all clients, then send each message to all of them, as a room's fan-out does."""
    accepted = [listener.accept()[0] for _ in range(CONNECTIONS)]
    for number, each in enumerate(accepted):
        key = _read_until(each, b"\r\n\r\n").split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        accept = b64encode(sha1(key + GUID).digest()).decode()
        each.sendall(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: hubbub.v1\r\n\r\n".encode()
        )
        each.sendall(frame(welcome(number)))
    for each in accepted:
        each.recv(4096)  # its `subscribe`
        each.sendall(frame(subscribed()))
    for each in accepted:
        each.recv(4096)  # its `ping`
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    later = time.time() + TIMEOUT_SECONDS  # so that every message counts as a delivery
    for message in [frame(event(seq, later)) for seq in range(1, MESSAGES + 1)]:
        for each in accepted:
            each.sendall(message)
        time.sleep(ROUND_SECONDS)
    time.sleep(TIMEOUT_SECONDS)


def welcome(number: int) -> dict[str, object]:
    person = {"id": number + 10, "name": "someone"}
    names = {"connection": str(number), "replica": "capacity", "epoch": "e", "user": person}
    return {"type": "welcome", "heartbeat_seconds": TIMEOUT_SECONDS, **names}


def subscribed() -> dict[str, object]:
    presence = {"online": [], "online_count": 0}
    return {"type": "subscribed", "room": ROOM, "seq": 0, "resumed": True, **presence}


def event(seq: int, at: float) -> dict[str, object]:
    """Return a message as the server sends it."""
    body, person, when = (
        stamp(sentence(random), RUN_ID, at),
        {"id": 1, "name": "Alice"},
        "2026-01-01T00Z",
    )
    numbers = dict.fromkeys(("id", "seq", "number", "rev"), seq)
    absent = dict.fromkeys(("html", "edited_at", "deleted_at", "reply_to"))
    message = numbers | absent | {"room": ROOM, "sender": person, "body": body, "created_at": when}
    head = {"type": "message.created", "room": ROOM, "seq": seq, "at": when, "actor": person}
    return {**head, "message": message}


def frame(content: dict[str, object]) -> bytes:
    payload = json.dumps(content).encode()
    size = len(payload)
    head = bytes((0x81, size)) if size < 126 else bytes((0x81, 126)) + size.to_bytes(2, "big")
    return head + payload


def _read_until(connection: socket.socket, end: bytes) -> bytes:
    read = b""
    while not read.endswith(end):
        read += connection.recv(4096)
    return read


if __name__ == "__main__":
    print(f"{measure():.1f}")

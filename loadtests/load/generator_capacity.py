"""What one process of the generator can read at most: measured against a server that only sends.

`python -m loadtests.load.generator_capacity` prints the µs of CPU that a delivery costs: from its
socket, decoded, checked, measured. A child process sends frames that were built before, so nothing
but the reading counts. A run starts it first, and says at its end how far from that it was.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import multiprocessing  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402
from base64 import b64encode  # noqa: E402
from functools import partial  # noqa: E402
from hashlib import sha1  # noqa: E402

from loadtests.lib.client.gevent_client import GeventClient  # noqa: E402
from loadtests.lib.servers.process import HOST  # noqa: E402
from loadtests.load.connection_observer import Watcher  # noqa: E402
from loadtests.load.message_stamp import marked  # noqa: E402
from loadtests.load.recorder import Recorder  # noqa: E402
from loadtests.users.message_text import sentence  # noqa: E402

SOCKETS = 20
MESSAGES = 500
ROUND_SECONDS = 0.002  # so that every frame is waited for by itself
RUN = "ceiling"
ROOM = 1
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WITHIN_SECONDS = 60


class Silent:
    """A report that only records."""

    def __init__(self) -> None:
        self.recorder = Recorder("ceiling", time.time())

    def succeeded(self, kind: str, name: str, seconds: float) -> None:
        self.recorder.record(kind, seconds)

    def failed(self, kind: str, name: str, error: Exception) -> None: ...

    def broken(self, kind: str, text: str) -> None:
        raise AssertionError(text)


def measure() -> float:
    """Return the µs of this process's CPU for each delivery."""
    listener = socket.create_server((HOST, 0), backlog=SOCKETS)
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,))
    server.start()
    report, address = Silent(), f"{HOST}:{listener.getsockname()[1]}"
    clients = [one(f"socket {number}", address, report) for number in range(SOCKETS)]
    try:
        for client in clients:
            client.wait_until(partial(getattr, client, "connected"), WITHIN_SECONDS)
        began = time.process_time()
        for client in clients:
            client.open(ROOM, within=WITHIN_SECONDS)
            client.send_unanswered("ping")  # the server begins to send
        for client in clients:
            client.wait_until(partial(has_all, client), WITHIN_SECONDS)
        return (time.process_time() - began) / report.recorder.deliveries * 1e6
    finally:
        for client in clients:
            client.close()
        server.kill()
        server.join()


def one(name: str, address: str, report: Silent) -> GeventClient:
    watcher = Watcher(name, RUN, report)
    return GeventClient(name, "Cookie: sessionid=x", [address], watcher.take, watcher).start()


def has_all(client: GeventClient) -> bool:
    return client.subscription(ROOM).position == MESSAGES


def serve(listener: socket.socket) -> None:
    """Welcome everybody, then send each message to all of them, as a room's fan-out does."""
    accepted = [listener.accept()[0] for _ in range(SOCKETS)]
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
    later = time.time() + WITHIN_SECONDS  # whenever it is heard, it was not sent before
    for message in [frame(event(seq, later)) for seq in range(1, MESSAGES + 1)]:
        for each in accepted:
            each.sendall(message)
        time.sleep(ROUND_SECONDS)
    time.sleep(WITHIN_SECONDS)


def welcome(number: int) -> dict[str, object]:
    person = {"id": number + 10, "name": "somebody"}
    names = {"connection": str(number), "replica": "ceiling", "epoch": "e", "user": person}
    return {"type": "welcome", "heartbeat_seconds": WITHIN_SECONDS, **names}


def subscribed() -> dict[str, object]:
    there = {"online": [], "online_count": 0}
    return {"type": "subscribed", "room": ROOM, "seq": 0, "resumed": True, **there}


def event(seq: int, at: float) -> dict[str, object]:
    """Return a message as the server sends it."""
    body, person, when = marked(sentence(), RUN, at), {"id": 1, "name": "Alice"}, "2026-01-01T00Z"
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

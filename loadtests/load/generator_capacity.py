"""Measures how many deliveries one process of the generator can receive.

`python -m loadtests.load.generator_capacity` prints the µs of CPU that a delivery costs: reading it
from the socket, decoding, checking and measuring it. A child process sends prebuilt frames, so only
receiving is measured. A run measures this first, and reports at its end how close it came to this
capacity.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import multiprocessing  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402
from collections import deque  # noqa: E402
from contextlib import AsyncExitStack  # noqa: E402
from functools import partial  # noqa: E402
from random import Random  # noqa: E402

from websockets.sync.server import ServerConnection  # noqa: E402
from websockets.sync.server import serve as serve_websockets  # noqa: E402
from websockets.typing import Subprotocol  # noqa: E402

from loadtests.lib.client import Client, History, gevent_loop  # noqa: E402
from loadtests.lib.client.subscription import Start  # noqa: E402
from loadtests.lib.servers.process import HOST  # noqa: E402
from loadtests.lib.simulation.message_text import sentence  # noqa: E402
from loadtests.load.connection_observer import ConnectionObserver  # noqa: E402
from loadtests.load.message_stamp import stamp  # noqa: E402
from loadtests.load.recorder import Recorder  # noqa: E402

CONNECTIONS = 20
MESSAGES = 500
ROUND_SECONDS = 0.002  # a time between frames that lets the client receive each of them separately
RUN_ID = "capacity"
ROOM = 1
TIMEOUT_SECONDS = 60
random = Random()


def measure() -> float:
    """Return how many µs of this process's CPU time a delivery costs."""
    listener = socket.create_server((HOST, 0), backlog=CONNECTIONS)
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,))
    server.start()
    recorder, address = Recorder("capacity", time.time()), f"{HOST}:{listener.getsockname()[1]}"
    try:
        return gevent_loop.run(receive_all(address, recorder), TIMEOUT_SECONDS)
    finally:
        server.kill()
        server.join()


async def receive_all(address: str, recorder: Recorder) -> float:
    async with AsyncExitStack() as stack:
        clients = [
            make_client(f"client {number}", address, recorder) for number in range(CONNECTIONS)
        ]
        for client in clients:
            await stack.enter_async_context(client)
        for client in clients:
            await client.wait_until(partial(getattr, client, "connected"), TIMEOUT_SECONDS)
        started = time.process_time()
        # The server accepted the connections in any order, so subscribe all of them before waiting
        # for one.
        for client in clients:
            await client.subscribe(ROOM, Start.NOW)
        for client in clients:
            await client.wait_until(partial(client.is_open, ROOM), TIMEOUT_SECONDS)
            await client.send_unanswered("ping")  # tells the server to start sending
        for client in clients:
            await client.wait_until(partial(has_all, client), TIMEOUT_SECONDS)
        assert not recorder.second.order_errors
        return (time.process_time() - started) / recorder.deliveries * 1e6


def make_client(name: str, address: str, recorder: Recorder) -> Client:
    observer = ConnectionObserver(name, RUN_ID, recorder)
    history = History(name, deque(maxlen=0), watch=observer.observe)
    identity = "Cookie: sessionid=x"
    return Client(name, identity, [address], history=history, listener=observer, messages_kept=200)


def has_all(client: Client) -> bool:
    return client.subscription(ROOM).position == MESSAGES


def serve(listener: socket.socket) -> None:
    """Send all messages to each connection, as the fan-out of a room does."""
    # The stamps are in the future, so that each message counts as a delivery.
    later = time.time() + TIMEOUT_SECONDS
    frames = [json.dumps(event(seq, later)) for seq in range(1, MESSAGES + 1)]

    def send_all(connection: ServerConnection) -> None:
        connection.send(json.dumps(welcome(connection.id.hex)))
        connection.recv()  # receives the client's `subscribe`
        connection.send(json.dumps(subscribed()))
        connection.recv()  # receives the client's `ping`
        for frame in frames:
            connection.send(frame)
            time.sleep(ROUND_SECONDS)
        time.sleep(TIMEOUT_SECONDS)

    serve_websockets(
        send_all, sock=listener, subprotocols=[Subprotocol("hubbub.v1")], compression=None
    ).serve_forever()


def welcome(connection: str) -> dict[str, object]:
    person = {"id": 10, "name": "someone"}
    names = {"connection": connection, "replica": "capacity", "epoch": "e", "user": person}
    return {"type": "welcome", "heartbeat_seconds": TIMEOUT_SECONDS, **names}


def subscribed() -> dict[str, object]:
    presence = {"online": [], "online_count": 0}
    return {"type": "subscribed", "room": ROOM, "seq": 0, "resumed": True, **presence}


def event(seq: int, at: float) -> dict[str, object]:
    """Return a message in the form in which the server sends it."""
    body, person = stamp(sentence(random), RUN_ID, at), {"id": 1, "name": "Alice"}
    when = "2026-01-01T00Z"
    numbers = dict.fromkeys(("id", "seq", "number", "rev"), seq)
    absent = dict.fromkeys(("html", "edited_at", "deleted_at", "reply_to"))
    message = numbers | absent | {"room": ROOM, "sender": person, "body": body, "created_at": when}
    head = {"type": "message.created", "room": ROOM, "seq": seq, "at": when, "actor": person}
    return {**head, "message": message}


if __name__ == "__main__":
    print(f"{measure():.1f}")

"""A small chat server that loses or duplicates a message on purpose.

The load test's own tests check that the load test reports such a server. The server has one room
and one process, and keeps all events in memory, so that a client that reconnects gets what it
missed.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from itertools import count
from threading import Lock, Thread
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

ROOM = 1
FAULTY_SEQ = 5  # the event that is lost or duplicated


class FaultyChatServer:
    """A server that is correct unless `fault` is "gap" or "double"."""

    def __init__(self, fault: str = "") -> None:
        self._fault = fault
        self._people = count(1)
        self._events = list[dict[str, Any]]()
        self._open = set[ServerConnection]()
        self._lock = Lock()  # each connection has a thread

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer every request except a handshake with an empty page of messages."""
        if request.path.startswith("/ws/"):
            return None
        headers = Headers({"Content-Type": "application/json", "Connection": "close"})
        body = json.dumps({"messages": [], "seq": 0, "has_before": False}).encode()
        headers["Content-Length"] = str(len(body))
        return Response(HTTPStatus.OK, "OK", headers, body)

    def serve(self, connection: ServerConnection) -> None:
        """Serve one connection until it closes."""
        number = next(self._people)
        person = {"id": number, "name": f"person-{number:04}"}
        names = {"connection": f"c{number}", "replica": "faulty", "epoch": "e", "user": person}
        send(connection, type="welcome", heartbeat_seconds=20, **names)
        try:
            for text in connection:
                self._handle(connection, person, json.loads(text))
        finally:
            self._open.discard(connection)

    def _handle(self, connection: ServerConnection, person: Any, frame: dict[str, Any]) -> None:
        ref = frame.get("ref")
        if frame["type"] == "subscribe":
            with self._lock:
                self._replay(connection, frame["rooms"][str(ROOM)])
                there = {"online": [], "online_count": 0, "resumed": True}
                seq = len(self._events)
                send(connection, type="subscribed", ref=ref, room=ROOM, seq=seq, **there)
                self._open.add(connection)
        elif frame["type"] == "message.send":
            with self._lock:
                message = self._message(len(self._events) + 1, person, frame)
                self._publish(message)
            send(connection, type="ok", ref=ref, message=message)
        elif ref is not None:
            send(connection, type="ok", ref=ref)

    def _message(self, seq: int, person: Any, frame: dict[str, Any]) -> dict[str, Any]:
        numbers = dict.fromkeys(("id", "seq", "number", "rev"), seq)
        rest = {"room": ROOM, "sender": person, "body": frame["body"], "deleted_at": None}
        return numbers | rest

    def _publish(self, message: dict[str, Any]) -> None:
        head = {"type": "message.created", "room": ROOM, "seq": message["seq"], "at": "now"}
        event = head | {"message": message}
        self._events.append(event)
        for each in list(self._open):
            self._send_event(each, event)

    def _replay(self, connection: ServerConnection, seq: int | None) -> None:
        """Send the events after `seq`. A new subscription (None) has no missed events."""
        for event in self._events[len(self._events) if seq is None else seq :]:
            self._send_event(connection, event)

    def _send_event(self, connection: ServerConnection, event: dict[str, Any]) -> None:
        faulty = event["seq"] == FAULTY_SEQ
        times = {"gap": 0, "double": 2}.get(self._fault, 1) if faulty else 1
        for _ in range(times):
            send(connection, **event)


def send(socket: ServerConnection, **frame: Any) -> None:
    with suppress(ConnectionClosed):
        socket.send(json.dumps(frame))


@contextmanager
def faulty_chat_server(fault: str = "") -> Iterator[str]:
    """Start a faulty chat server. Yield its address."""
    chat = FaultyChatServer(fault)
    with serve(
        chat.serve,
        "127.0.0.1",
        0,
        process_request=chat.answer,
        subprotocols=["hubbub.v1"],  # type: ignore[list-item]
    ) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{port_of(server)}"
        finally:
            server.shutdown()
            thread.join()


def port_of(server: Server) -> int:
    return int(server.socket.getsockname()[1])

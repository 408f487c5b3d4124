"""A place that can lie: pages that say nothing, and sockets that lose or double what is said.

For the tests that Locust's people find it out. One room, one process, nothing is kept.
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
LIES_AT = 5  # the seq that it lies about


class LyingPlace:
    """Honest unless `lie` is "gap" or "double"."""

    def __init__(self, lie: str = "") -> None:
        self._lie = lie
        self._people = count(1)
        self._seq = 0
        self._open = set[ServerConnection]()
        self._lock = Lock()  # each socket has a thread

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer what is no handshake with an empty page of messages."""
        if request.path.startswith("/ws/"):
            return None
        headers = Headers({"Content-Type": "application/json", "Connection": "close"})
        body = json.dumps({"messages": [], "seq": 0, "has_before": False}).encode()
        headers["Content-Length"] = str(len(body))
        return Response(HTTPStatus.OK, "OK", headers, body)

    def live(self, connection: ServerConnection) -> None:
        """Live through one socket."""
        number = next(self._people)
        person = {"id": number, "name": f"person-{number:04}"}
        names = {"connection": f"c{number}", "replica": "liar", "epoch": "e", "user": person}
        send(connection, type="welcome", heartbeat_seconds=20, **names)
        try:
            for text in connection:
                self._take(connection, person, json.loads(text))
        finally:
            self._open.discard(connection)

    def _take(self, connection: ServerConnection, person: Any, frame: dict[str, Any]) -> None:
        ref = frame.get("ref")
        if frame["type"] == "subscribe":
            with self._lock:
                there = {"online": [], "online_count": 0, "resumed": True}
                send(connection, type="subscribed", ref=ref, room=ROOM, seq=self._seq, **there)
                self._open.add(connection)
        elif frame["type"] == "message.send":
            with self._lock:
                self._seq += 1
                message = self._message(self._seq, person, frame)
                self._publish(message)
            send(connection, type="ok", ref=ref, message=message)
        elif ref is not None:
            send(connection, type="ok", ref=ref)

    def _message(self, seq: int, person: Any, frame: dict[str, Any]) -> dict[str, Any]:
        numbers = dict.fromkeys(("id", "seq", "number", "rev"), seq)
        rest = {"room": ROOM, "sender": person, "body": frame["body"], "deleted_at": None}
        return numbers | rest

    def _publish(self, message: dict[str, Any]) -> None:
        times = {"gap": 0, "double": 2}.get(self._lie, 1) if message["seq"] == LIES_AT else 1
        head = {"type": "message.created", "room": ROOM, "seq": message["seq"], "at": "now"}
        for each in list(self._open):
            for _ in range(times):
                send(each, **head, message=message)


def send(socket: ServerConnection, **frame: Any) -> None:
    with suppress(ConnectionClosed):
        socket.send(json.dumps(frame))


@contextmanager
def lying(lie: str = "") -> Iterator[str]:
    """Yield the address of such a place."""
    place = LyingPlace(lie)
    with serve(
        place.live,
        "127.0.0.1",
        0,
        process_request=place.answer,
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

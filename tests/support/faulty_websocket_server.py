"""A small WebSocket server with configurable faults, for the tests of the load client.

A client that sends `open` joins the one room. For each message, `Behaviour` decides what each
member receives.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

# (number of the message, its text, index of a socket) -> the texts that are sent to that socket.
Behaviour = Callable[[int, str, int], Sequence[str]]


class Room:
    """The one room. `greeting` is sent to each socket that opens it."""

    def __init__(self, behaviour: Behaviour, greeting: Sequence[str] = ("opened",)) -> None:
        self.sockets: list[ServerConnection] = []
        self._behaviour, self._greeting = behaviour, greeting
        self._lock = threading.Lock()

    def serve(self, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):  # the load client closes without a close frame
            for text in socket:
                self._handle(socket, str(text))

    def _handle(self, sender: ServerConnection, text: str) -> None:
        with self._lock:  # all members receive the messages in the same order
            if text == "open":
                self.sockets.append(sender)
                self._write(sender, self._greeting)
                return
            number = int(text.split()[1])
            for index, socket in enumerate(self.sockets):
                self._write(socket, self._behaviour(number, text, index))

    def _write(self, socket: ServerConnection, texts: Sequence[str]) -> None:
        for text in texts:
            with suppress(ConnectionClosed):
                socket.send(text)


@contextmanager
def serve_room(room: Room) -> Iterator[str]:
    """Serve a room on a free port; yield its address."""
    with serve(room.serve, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host, port = server.socket.getsockname()[:2]
        try:
            yield f"{host}:{port}"
        finally:
            server.shutdown()
            thread.join()

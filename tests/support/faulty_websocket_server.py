"""A small WebSocket server for the load client's tests, which does wrong on purpose.

Who said `open` is in the one room; a message goes to all in it as the behaviour says.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

# From (number of the message, its text, number of the socket) to what that socket gets for it.
Behaviour = Callable[[int, str, int], Sequence[str]]


class Room:
    """The one room; `greeting` is what each socket gets when it opens it."""

    def __init__(self, behaviour: Behaviour, greeting: Sequence[str] = ("opened",)) -> None:
        self.sockets: list[ServerConnection] = []
        self._behaviour, self._greeting = behaviour, greeting
        self._lock = threading.Lock()

    def serve(self, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):  # the load client goes without a word
            for text in socket:
                self._take(socket, str(text))

    def _take(self, sender: ServerConnection, text: str) -> None:
        with self._lock:  # one order for all
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
def serving(room: Room) -> Iterator[str]:
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

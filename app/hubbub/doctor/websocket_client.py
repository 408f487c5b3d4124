"""A WebSocket client that connects as browsers do: public address, session cookie and Origin.

All clients share one event loop in a thread, which answers the server's pings while the checks
block. The threaded client of `websockets` cannot be used: it reads and writes a TLS socket in two
threads, and on a busy machine about one in several hundred handshakes hung (with its version 17.4
and Python 3.11).
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeAlias, TypeVar

import websockets.asyncio.client as websockets
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.protocol import Event
from websockets.typing import Origin, Subprotocol

from hubbub.doctor.http_client import HttpClient

T = TypeVar("T")
DecodedFrame: TypeAlias = dict[str, Any]

SUBPROTOCOL = Subprotocol("hubbub.v1")
NO_CLOSE_FRAME = 1006  # the code when a connection ended without one (RFC 6455, 7.1.5)


class WebSocketClient:
    """An open WebSocket. Every call blocks, and raises ConnectionClosed once it is closed."""

    def __init__(self, connection: "PingCountingConnection", welcome: DecodedFrame) -> None:
        self._connection, self.welcome = connection, welcome

    @property
    def replica(self) -> str:
        return str(self.welcome["replica"])

    @property
    def pings(self) -> int:
        """How many pings the server has sent."""
        return self._connection.pings

    def send(self, type: str, **fields: Any) -> None:
        _wait(self._connection.send(json.dumps({"type": type, **fields})))

    def receive(
        self, matches: Callable[[DecodedFrame], bool], within_seconds: float
    ) -> DecodedFrame:
        """Return the first frame that matches. Skip all others.

        Raises TimeoutError if no such frame arrives in time.
        """
        return _wait(_receive(self._connection, matches, within_seconds))

    def close(self) -> None:
        _wait(self._connection.close())


class PingCountingConnection(websockets.ClientConnection):
    pings = 0

    def process_event(self, event: Event) -> None:
        if isinstance(event, WebSocketFrame) and event.opcode is Opcode.PING:
            self.pings += 1
        super().process_event(event)


def connect(http: HttpClient, cookie: str, origin: str | None = None) -> WebSocketClient:
    """Open a WebSocket and receive its welcome. The caller closes it.

    Raises OSError, TimeoutError and the exceptions of `websockets`: InvalidStatus when the server
    rejects the handshake, ConnectionClosed when it closes the connection.
    """
    return _wait(_connect(http, cookie, origin or http.origin))


def close_code(closed: ConnectionClosed) -> int:
    """Return the code that the server closed with, or 1006 if it sent none."""
    return closed.rcvd.code if closed.rcvd else NO_CLOSE_FRAME


async def _connect(http: HttpClient, cookie: str, origin: str) -> WebSocketClient:
    scheme = "wss" if http.is_secure else "ws"
    connection = await websockets.connect(
        f"{scheme}://{http.url.netloc}/ws/",
        ssl=http.tls if http.is_secure else None,
        origin=Origin(origin),
        additional_headers={"Cookie": cookie},
        subprotocols=[SUBPROTOCOL],
        compression=None,
        proxy=None,
        open_timeout=http.timeout_seconds,
        ping_interval=None,
        close_timeout=1,
        max_queue=None,  # with a limit, pings behind unread frames get no answer
        create_connection=PingCountingConnection,
    )
    assert isinstance(connection, PingCountingConnection)
    try:
        welcome = await _receive(connection, _is_welcome, http.timeout_seconds)
        return WebSocketClient(connection, welcome)
    except BaseException:
        await connection.close()
        raise


async def _receive(
    connection: websockets.ClientConnection,
    matches: Callable[[DecodedFrame], bool],
    within_seconds: float,
) -> DecodedFrame:
    deadline = time.monotonic() + within_seconds
    while True:
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            frame = json.loads(await connection.recv())
        if matches(frame):
            return dict(frame)


def _is_welcome(frame: DecodedFrame) -> bool:
    return bool(frame["type"] == "welcome")


def _wait(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="websocket-clients", daemon=True).start()
    return loop

"""A socket as a browser's tab holds it: opened through the public address, with a session's cookie.

On one event loop in a thread of its own, which answers the server's pings meanwhile. Not the client
of `websockets` for threads: it reads and writes a TLS socket in two of them, and on a busy machine
one handshake in some hundreds hung (tried with 17.4 on Python 3.11).
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event
from websockets.typing import Origin, Subprotocol

from hubbub.doctor.http_client import Address

T = TypeVar("T")
Told = dict[str, Any]

SUBPROTOCOL = Subprotocol("hubbub.v1")


class Tab:
    """An open socket; every call waits. All raise ConnectionClosed once it is not open."""

    def __init__(self, connection: "Counting", welcome: Told) -> None:
        self._connection, self.welcome = connection, welcome

    @property
    def replica(self) -> str:
        return str(self.welcome["replica"])

    @property
    def pings(self) -> int:
        return self._connection.pings

    def tell(self, type: str, **fields: Any) -> None:
        _wait(self._connection.send(json.dumps({"type": type, **fields})))

    def hear(self, wanted: Callable[[Told], bool], within_seconds: float) -> Told:
        """Return the first frame that is wanted, past all others.

        Raises TimeoutError when none comes in time.
        """
        return _wait(_hear(self._connection, wanted, within_seconds))

    def close(self) -> None:
        _wait(self._connection.close())


class Counting(ClientConnection):
    pings = 0

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
        super().process_event(event)


def open_tab(address: Address, cookie: str, origin: str | None = None) -> Tab:
    """Open a socket and hear its welcome; `close()` is the caller's.

    Raises OSError, TimeoutError and `websockets`' exceptions: InvalidStatus where the handshake is
    refused, ConnectionClosed with the code where the socket is.
    """
    return _wait(_open(address, cookie, origin or address.origin))


def close_code(closed: ConnectionClosed) -> int:
    """Return the code that the server closed with; 1006 where it said none."""
    return closed.rcvd.code if closed.rcvd else 1006


async def _open(address: Address, cookie: str, origin: str) -> Tab:
    scheme = "wss" if address.is_secure else "ws"
    connection = await connect(
        f"{scheme}://{address.url.netloc}/ws/",
        ssl=address.tls if address.is_secure else None,
        origin=Origin(origin),
        additional_headers={"Cookie": cookie},
        subprotocols=[SUBPROTOCOL],
        compression=None,
        proxy=None,
        open_timeout=address.timeout_seconds,
        ping_interval=None,
        close_timeout=1,
        max_queue=None,  # pings behind frames that nobody takes must be answered too
        create_connection=Counting,
    )
    assert isinstance(connection, Counting)
    try:
        return Tab(connection, await _hear(connection, _is_welcome, address.timeout_seconds))
    except BaseException:
        await connection.close()
        raise


async def _hear(
    connection: ClientConnection, wanted: Callable[[Told], bool], within_seconds: float
) -> Told:
    until = time.monotonic() + within_seconds
    while True:
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            told = json.loads(await connection.recv())
        if wanted(told):
            return dict(told)


def _is_welcome(told: Told) -> bool:
    return bool(told["type"] == "welcome")


def _wait(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="tabs", daemon=True).start()
    return loop

"""Opens a WebSocket and receives frames, with the timeouts of docs/protocol.md, "Life"."""

import asyncio
import json
import ssl
from functools import cache

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from loadtests.lib.client.history import Frame
from loadtests.lib.client.rest import http_url

SUBPROTOCOL = "hubbub.v1"
WELCOME_SECONDS = 5
PONG_SECONDS = 10
CLOSE_SECONDS = 1
ABNORMAL_CLOSURE = 1006  # the close code of a socket that ended without a close frame
# The errors that are raised if a socket cannot be opened.
NOT_OPENED = (OSError, WebSocketException, TimeoutError)


async def connect_socket(address: str, headers: dict[str, str]) -> ClientConnection:
    """Return a socket after its handshake. Raises one of the errors in `NOT_OPENED`."""
    url = http_url(address)
    return await connect(
        f"ws{url.removeprefix('http')}/ws/",  # `wss` if the pages use `https`
        additional_headers=headers,
        origin=url if "Cookie" in headers else None,  # type: ignore[arg-type]  # bots have none
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        compression=None,
        proxy=None,
        ssl=_tls() if url.startswith("https") else None,
        open_timeout=WELCOME_SECONDS,
        close_timeout=CLOSE_SECONDS,
        ping_interval=None,
        max_size=None,
        max_queue=None,
    )


async def connect_and_welcome(
    address: str, headers: dict[str, str]
) -> tuple[ClientConnection, Frame]:
    """Return a socket and its welcome.

    Raises one of the errors in `NOT_OPENED`, even if the server accepts the socket and closes it at
    once.
    """
    socket = await connect_socket(address, headers)
    try:
        frame = json.loads(await _receive(socket, WELCOME_SECONDS))
        if frame["type"] != "welcome":
            raise TimeoutError
    except BaseException:
        socket.transport.abort()
        raise
    return socket, frame


async def receive(socket: ClientConnection, welcome: Frame | None) -> str | bytes:
    """Return the next frame. After a ping interval without a frame, ping the server.

    Raises ConnectionClosed, and TimeoutError if the server does not answer the ping.
    """
    if welcome is None:
        return await _receive(socket, WELCOME_SECONDS)
    try:
        return await _receive(socket, welcome["heartbeat_seconds"])
    except TimeoutError:
        await socket.send('{"type":"ping"}')
        return await _receive(socket, PONG_SECONDS)


@cache
def _tls() -> ssl.SSLContext:
    """Return one TLS context for all sockets, because creating a context reads all certificates."""
    return ssl.create_default_context()


async def _receive(socket: ClientConnection, within: float) -> str | bytes:
    # `wait_for` is not used here: before Python 3.12 it can swallow the cancellation that ends the
    # client.
    async with asyncio.timeout(within):
        return await socket.recv()

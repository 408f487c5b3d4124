"""Opening a socket and hearing frames on it, with the protocol's patience ("Life")."""

import asyncio
import json

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from loadtests.lib.client.handshake import (
    PONG_SECONDS,
    SUBPROTOCOL,
    WELCOME_SECONDS,
    origin,
    socket_url,
)
from loadtests.lib.client.history import Frame

# What a socket that does not come to life raises.
NOT_OPENED = (OSError, WebSocketException, TimeoutError)


async def connected(address: str, headers: dict[str, str]) -> ClientConnection:
    """Return a socket after its handshake. Raises NOT_OPENED."""
    return await connect(
        socket_url(address),
        additional_headers=headers,
        origin=origin(address, headers),  # type: ignore[arg-type]
        subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
        compression=None,
        proxy=None,
        open_timeout=WELCOME_SECONDS,
        close_timeout=1,
        ping_interval=None,
        max_size=None,
        max_queue=None,
    )


async def welcomed(address: str, headers: dict[str, str]) -> tuple[ClientConnection, Frame]:
    """Return a socket and its welcome. Raises NOT_OPENED, also where it is sent away at once."""
    socket = await connected(address, headers)
    try:
        frame = json.loads(await _receive(socket, WELCOME_SECONDS))
        if frame["type"] != "welcome":
            raise TimeoutError
    except BaseException:
        socket.transport.abort()
        raise
    return socket, frame


async def hear(socket: ClientConnection, welcome: Frame | None) -> str | bytes:
    """Return the next frame; after a heartbeat of silence ask whether anyone is there.

    Raises ConnectionClosed, and TimeoutError when nobody is.
    """
    if welcome is None:
        return await _receive(socket, WELCOME_SECONDS)
    try:
        return await _receive(socket, welcome["heartbeat_seconds"])
    except TimeoutError:
        await socket.send('{"type":"ping"}')
        return await _receive(socket, PONG_SECONDS)


async def _receive(socket: ClientConnection, within: float) -> str | bytes:
    # Not `wait_for`: until Python 3.12 it may swallow the cancellation that ends the client.
    async with asyncio.timeout(within):
        return await socket.recv()

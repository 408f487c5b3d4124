"""A WebSocket to one replica that returns every frame and does not reconnect."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from loadtests.lib.client import websocket
from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST
from loadtests.lib.simulation.account import Account


@asynccontextmanager
async def open_socket(
    person: Account, replica: Replica, *, welcomed: bool = True
) -> AsyncIterator[ClientConnection]:
    socket = await websocket.connect_socket(address(replica), person.headers)
    try:
        if welcomed:
            await read_until(socket, "welcome")
        yield socket
    finally:
        await socket.close()


async def read_until(socket: ClientConnection, type: str) -> list[dict[str, Any]]:
    """Read frames up to and including the next one of `type`; return them."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not frames or frames[-1]["type"] != type:
            frames.append(json.loads(await socket.recv()))
    return frames


async def send_until_closed(socket: ClientConnection, text: str | bytes) -> None:
    """Send a frame to a server that may close the socket before all of it is sent."""
    with suppress(ConnectionClosed):
        await socket.send(text)


async def close_code(socket: ClientConnection) -> int:
    """Wait until the server closes; return the close code, 1006 when there was none."""
    async with asyncio.timeout(10):
        while True:
            try:
                await socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006


def address(replica: Replica) -> str:
    return f"{HOST}:{replica.port}"


async def read_frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one frame of a server; return its first byte and its payload."""
    head, length = await reader.readexactly(1), (await reader.readexactly(1))[0]
    if length == 126:
        [length] = struct.unpack(">H", await reader.readexactly(2))
    return head, await reader.readexactly(length)

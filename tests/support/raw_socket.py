"""One bare socket to one replica, which shows every frame and does not come back by itself."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from loadtests.lib.client import websocket
from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST
from loadtests.lib.simulation.account import Account


@asynccontextmanager
async def socket_of(
    person: Account, replica: Replica, *, welcomed: bool = True
) -> AsyncIterator[ClientConnection]:
    socket = await websocket.connected(address(replica), person.headers)
    try:
        if welcomed:
            await heard_until(socket, "welcome")
        yield socket
    finally:
        await socket.close()


async def heard_until(socket: ClientConnection, type: str) -> list[dict[str, Any]]:
    """Return the frames up to the next one of a type."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not frames or frames[-1]["type"] != type:
            frames.append(json.loads(await socket.recv()))
    return frames


async def close_code(socket: ClientConnection) -> int:
    """Wait for the server's close; return its code, 1006 where it sent none."""
    async with asyncio.timeout(10):
        while True:
            try:
                await socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006


def address(replica: Replica) -> str:
    return f"{HOST}:{replica.port}"


async def read_frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the first byte of a server's frame, and its payload."""
    head, length = await reader.readexactly(1), (await reader.readexactly(1))[0]
    if length == 126:
        [length] = struct.unpack(">H", await reader.readexactly(2))
    return head, await reader.readexactly(length)

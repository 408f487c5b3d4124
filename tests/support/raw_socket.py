"""A WebSocket to one replica that returns every frame and does not reconnect."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from loadtests.lib.client.websocket import SUBPROTOCOL
from loadtests.lib.servers.process import HOST
from loadtests.lib.simulation.account import Account


class Listener(Protocol):
    """A replica, or the address at which one listens."""

    @property
    def port(self) -> int: ...


@asynccontextmanager
async def open_socket(
    user: Account,
    replica: Listener,
    *,
    welcomed: bool = True,
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
) -> AsyncIterator[ClientConnection]:
    """Open a WebSocket as the user's page or bot does. `headers` replace the user's headers."""
    own = user.headers if headers is None else headers
    if "Authorization" not in own:
        own = {"Origin": f"http://{address(replica)}", **own}
    async with connect(
        f"ws://{address(replica)}/ws/",
        additional_headers=own,
        subprotocols=subprotocols,  # type: ignore[arg-type]
        compression=None,
        proxy=None,
        ping_interval=None,
        max_size=None,
        max_queue=None,
        close_timeout=1,
    ) as socket:
        if welcomed:
            await read_until(socket, "welcome")
        yield socket


async def read_until(socket: ClientConnection, *types: str) -> list[dict[str, Any]]:
    """Read frames up to and including the next one of these types. Return all these frames."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not frames or frames[-1]["type"] not in types:
            frames.append(json.loads(await socket.recv()))
    return frames


async def send_until_closed(socket: ClientConnection, *texts: str | bytes) -> None:
    """Send frames to a server that may close the socket before all of them are sent."""
    with suppress(ConnectionClosed):
        for text in texts:
            await socket.send(text)


async def close_code(socket: ClientConnection) -> int:
    """Wait until the server closes. Return the close code, or 1006 if the server sent none."""
    async with asyncio.timeout(10):
        while True:
            try:
                await socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006


def address(replica: Listener) -> str:
    return f"{HOST}:{replica.port}"


async def read_frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one frame of a server. Return the frame's first byte and payload."""
    head, length = await reader.readexactly(1), (await reader.readexactly(1))[0]
    if length == 126:
        [length] = struct.unpack(">H", await reader.readexactly(2))
    return head, await reader.readexactly(length)

"""An ASGI application that does with a socket what it is told: what a server is tried with.

Runs on any server. What a client sends comes back, but for a few orders; those that are about
ready-made frames need the extension.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from hubbub.realtime.frames import text_frame
from hubbub.realtime.outlet import FRAMES, FrameWriter

Message: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

PADDING = "." * 20_000


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Send
) -> None:
    if scope["type"] != "websocket":
        await _answer(send)
        return
    await receive()
    offered = scope["subprotocols"]
    await send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
    extension = scope.get("extensions", {}).get(FRAMES)
    while (message := await receive())["type"] != "websocket.disconnect":
        order, _, argument = (message.get("text") or "").partition(" ")
        if order == "close":
            await send({"type": "websocket.close", "code": int(argument)})
        elif order in ORDERS:
            await ORDERS[order](extension["writer"], send, argument)
        else:
            await send({**message, "type": "websocket.send"})


async def _answer(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def _in_turn(writer: FrameWriter, send: Send, count: str) -> None:
    """Send numbers, by turns in a ready-made frame and in an ordinary one."""
    for number in range(int(count)):
        if number % 2:
            await send({"type": "websocket.send", "text": f"{number}"})
        else:
            writer.write_frames(text_frame(f"{number}"))


async def _fill(writer: FrameWriter, send: Send, size: str) -> None:
    """Write numbered frames until so many bytes wait; then one of each kind, and a close."""
    number = 0
    while writer.write_frames(text_frame(f"{number} {PADDING}")) < int(size):
        number += 1
    await send({"type": "websocket.send", "text": "ordinary"})
    writer.write_frames(text_frame("ready-made"))
    writer.serverClose(4321)
    writer.write_frames(text_frame("after the close"))


async def _drop(writer: FrameWriter, send: Send, size: str) -> None:
    """Cut off who leaves so many bytes waiting."""
    while writer.write_frames(text_frame(PADDING)) < int(size):
        pass
    writer.drop()


ORDERS = {"in-turn": _in_turn, "fill": _fill, "drop": _drop}

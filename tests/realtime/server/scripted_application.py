"""An ASGI application that does with a socket what it is told: what a server is tried with.

Runs on any server. What a client sends comes back, but for a few orders; those that are about
ready-made frames need the extension.
"""

import gc
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from hubbub.realtime.connections.transport import FRAMES_EXTENSION, FrameWriter
from hubbub.realtime.protocol.websocket_frames import encode_text_frame

Message: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

PADDING = "." * 20_000
# What there is one of for each socket; `/kept` counts how many of them there still are.
MADE_FOR_A_SOCKET = ("HubbubWebSocketProtocol", "WebRequest", "HTTPChannel")
# The close codes of attached sockets that are gone.
gone: list[int | None] = []


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Send
) -> None:
    if scope["type"] != "websocket":
        await _answer(scope["path"], send)
        return
    await receive()
    offered = scope["subprotocols"]
    await send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
    extension = scope.get("extensions", {}).get(FRAMES_EXTENSION)
    while (message := await receive())["type"] != "websocket.disconnect":
        order, _, argument = (message.get("text") or "").partition(" ")
        if order == "attach":
            _attach(extension["writer"])
            return
        if order == "close":
            await send({"type": "websocket.close", "code": int(argument)})
        elif order in ORDERS:
            await ORDERS[order](extension["writer"], send, argument)
        else:
            await send({**message, "type": "websocket.send"})


def _attach(writer: FrameWriter) -> None:
    """Echo without an application; remember who is gone."""

    def echo(text: str | None) -> None:
        writer.write_frames(encode_text_frame(text or ""))

    writer.attach(echo, gone.append)
    writer.write_frames(encode_text_frame("attached"))


async def _answer(path: str, send: Send) -> None:
    """Tell how many attached sockets are gone; or fail, before the answer has begun or after."""
    if path == "/early":
        raise ValueError("before the answer")
    body = (_kept() if path == "/kept" else str(len(gone))).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    if path == "/midway":
        raise ValueError("in the middle of the answer")
    await send({"type": "http.response.body", "body": body})


def _kept() -> str:
    """Tell how much is there that was made for sockets; from the first time on, uncollected."""
    gc.disable()
    names = Counter(type(one).__name__ for one in gc.get_objects())
    return " ".join(str(names[name]) for name in MADE_FOR_A_SOCKET)


async def _in_turn(writer: FrameWriter, send: Send, count: str) -> None:
    """Send numbers, by turns in a ready-made frame and in an ordinary one."""
    for number in range(int(count)):
        if number % 2:
            await send({"type": "websocket.send", "text": f"{number}"})
        else:
            writer.write_frames(encode_text_frame(f"{number}"))


async def _fill(writer: FrameWriter, send: Send, size: str) -> None:
    """Write numbered frames until so many bytes wait; then one of each kind, and a close."""
    number = 0
    while writer.write_frames(encode_text_frame(f"{number} {PADDING}")) < int(size):
        number += 1
    await send({"type": "websocket.send", "text": "ordinary"})
    writer.write_frames(encode_text_frame("ready-made"))
    writer.close(4321)
    writer.write_frames(encode_text_frame("after the close"))


async def _drop(writer: FrameWriter, send: Send, size: str) -> None:
    """Cut off who leaves so many bytes waiting."""
    while writer.write_frames(encode_text_frame(PADDING)) < int(size):
        pass
    writer.abort()


ORDERS = {"in-turn": _in_turn, "fill": _fill, "drop": _drop}

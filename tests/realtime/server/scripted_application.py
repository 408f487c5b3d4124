"""An ASGI application for server tests: it echoes, and does other things that a client requests.

The application runs on any server. Requests for encoded frames need our server's extension.
"""

import gc
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from hubbub.realtime.connections.transport import FRAMES_EXTENSION, Transport
from hubbub.realtime.protocol.websocket_frames import text_batch

Message: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

PADDING = "." * 20_000
# Classes with one instance per socket; `/objects` returns how many instances exist.
PER_SOCKET_CLASSES = ("HubbubWebSocketProtocol", "WebRequest", "HTTPChannel")
# The close codes of attached sockets that have closed.
close_codes: list[int | None] = []


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Send
) -> None:
    if scope["type"] != "websocket":
        await _respond(scope["path"], send)
        return
    await receive()
    offered = scope["subprotocols"]
    await send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
    extension = scope.get("extensions", {}).get(FRAMES_EXTENSION)
    while (message := await receive())["type"] != "websocket.disconnect":
        order, _, argument = (message.get("text") or "").partition(" ")
        if order == "attach":
            _attach(extension["transport"])
            return
        if order == "close":
            await send({"type": "websocket.close", "code": int(argument)})
        elif order in ORDERS:
            await ORDERS[order](extension["transport"], send, argument)
        else:
            await send({**message, "type": "websocket.send"})


def _attach(transport: Transport) -> None:
    """Echo after the application has returned, and record the closes."""

    def echo(text: str | None) -> None:
        _write(transport, text or "")

    transport.attach(echo, close_codes.append)
    _write(transport, "attached")


def _write(transport: Transport, text: str) -> int:
    return transport.write(text_batch(text))


async def _respond(path: str, send: Send) -> None:
    """Respond with the number of objects, or of attached sockets that have closed.

    Requests for `/early` and `/midway` fail before and during the response.
    """
    if path == "/early":
        raise ValueError("before the response")
    body = (_count_objects() if path == "/objects" else str(len(close_codes))).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    if path == "/midway":
        raise ValueError("in the middle of the response")
    await send({"type": "http.response.body", "body": body})


def _count_objects() -> str:
    """Count the per-socket objects. The first call turns off the garbage collector."""
    gc.disable()
    names = Counter(type(each).__name__ for each in gc.get_objects())
    return " ".join(str(names[name]) for name in PER_SOCKET_CLASSES)


async def _alternate(transport: Transport, send: Send, count: str) -> None:
    """Send numbers, alternately in encoded and in ordinary frames."""
    for number in range(int(count)):
        if number % 2:
            await send({"type": "websocket.send", "text": f"{number}"})
        else:
            _write(transport, f"{number}")


async def _fill(transport: Transport, send: Send, size: str) -> None:
    """Write numbered frames until `size` bytes are buffered, then an ordinary and an encoded one.

    Then close.
    """
    number = 0
    while _write(transport, f"{number} {PADDING}") < int(size):
        number += 1
    await send({"type": "websocket.send", "text": "ordinary"})
    _write(transport, "encoded")
    transport.close(4321)
    _write(transport, "after the close")


async def _abort(transport: Transport, send: Send, size: str) -> None:
    """Write until `size` bytes are buffered, then abort."""
    while _write(transport, PADDING) < int(size):
        pass
    transport.abort()


ORDERS = {"alternate": _alternate, "fill": _fill, "abort": _abort}

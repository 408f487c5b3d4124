"""The frame writer of one socket: what applications get through the ASGI extension FRAMES.

Apart from its protocol, and small: a pass goes over hundreds of sockets, and to ask the protocol
and its transport each time whether anything waits costs half as much as the system call. Here is
the answer, in one place. The protocol keeps it true: whatever may wait goes through its `sendData`
and `state`, and both take it back.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hubbub.realtime.connections.transport import OnDisconnect, OnText

if TYPE_CHECKING:
    from hubbub.realtime.server.websocket_protocol import SocketProtocol


class SocketWriter:
    """A `FrameWriter`. See there for what each of these promises."""

    __slots__ = ("_protocol", "straight")

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol
        # The socket's own `send` for as long as nothing waits; None: the protocol is to be asked.
        self.straight: Callable[[bytes], int] | None = None

    def write_frames(self, data: bytes) -> int:
        straight = self.straight
        if straight is None:
            return self._protocol.write_frames(data)
        try:
            sent = straight(data)
        except OSError:  # full, or gone: the transport finds out which
            sent = 0
        return 0 if sent == len(data) else self._protocol.write_frames(data[sent:])

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> None:
        self._protocol.attach(on_text, on_disconnect)

    def close(self, code: int) -> None:
        self._protocol.close(code)

    def abort(self) -> None:
        self._protocol.abort()

    @property
    def buffered_bytes(self) -> int:
        return self._protocol.buffered_bytes

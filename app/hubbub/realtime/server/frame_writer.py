"""The frame writer of one WebSocket, which applications get through the ASGI extension.

It is a small object apart from the protocol for speed. A fan-out writes to hundreds of sockets, and
asking the protocol and its transport each time whether anything is buffered costs half as much as
the system call. `direct_send` is that answer, cached. The protocol keeps it valid: everything that
may fill a buffer goes through its `sendData` or its `state`, and both clear `direct_send`.
"""

from collections.abc import Callable

from hubbub.realtime.connections.transport import FrameWriter, OnDisconnect, OnText


class DirectFrameWriter:
    """Writes directly to the socket if nothing is buffered, else through the protocol."""

    __slots__ = ("_protocol", "direct_send")

    def __init__(self, protocol: FrameWriter) -> None:
        self._protocol = protocol
        # The socket's own `send` while nothing is buffered; None if the protocol has to decide.
        self.direct_send: Callable[[bytes], int] | None = None

    def write_frames(self, data: bytes) -> int:
        direct_send = self.direct_send
        if direct_send is None:
            return self._protocol.write_frames(data)
        try:
            sent = direct_send(data)
        except OSError:  # full or closed: Twisted's transport finds out which
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

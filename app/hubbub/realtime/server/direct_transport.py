"""The transport of one WebSocket in our server: writes encoded frames straight to the socket.

The endpoint gets it through an ASGI extension. For speed, this transport is a small object separate
from the protocol object. A fan-out writes to hundreds of sockets, and asking the protocol and
Twisted's transport each time whether anything is buffered costs half as much as the system call.
`direct_send` caches their answer. The protocol keeps it valid: everything that can fill a buffer
goes through the protocol's `sendData` or its `state`, and both clear `direct_send`.
"""

from collections.abc import Callable
from typing import Protocol

from hubbub.realtime.connections.slow_readers import wait_for_buffer_space
from hubbub.realtime.connections.transport import OnDisconnect, OnText
from hubbub.realtime.protocol.websocket_frames import FrameBatch


class FrameProtocol(Protocol):
    """The part of the WebSocket protocol object that this transport needs."""

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> None:
        """Call these functions for everything that is queued or is received from now on."""

    def find_direct_send(self) -> Callable[[bytes], int] | None:
        """Return the socket's own `send` if nothing is buffered that has to be sent first."""

    def write_frames(self, data: bytes) -> int:
        """Write whole frames, or the rest of partly written ones.

        Return the number of buffered bytes. After a close frame, or when the socket has closed,
        write nothing and return 0.
        """

    def close(self, code: int) -> None:
        """Send a close frame. Nothing is written after it."""

    def abort(self) -> None:
        """Close the TCP connection immediately and discard what is buffered."""

    @property
    def buffered_bytes(self) -> int:
        """The number of bytes that the process still buffers, or 0 if the socket has closed."""


class DirectTransport:
    """A `Transport` that writes to the socket, or through the protocol if data is buffered."""

    __slots__ = ("_protocol", "direct_send")

    def __init__(self, protocol: FrameProtocol) -> None:
        self._protocol = protocol
        # The socket's own `send` while nothing is buffered; None if the protocol has to decide.
        self.direct_send: Callable[[bytes], int] | None = None

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> bool:
        self._protocol.attach(on_text, on_disconnect)
        return True

    def write(self, batch: FrameBatch) -> int:
        """Send to the socket directly if nothing is buffered, else through the protocol.

        Twisted's `write` leaves the sending to the reactor, which takes longer than all the rest.
        """
        data = batch.data
        direct_send = self.direct_send or self._find_direct_send()
        if direct_send is not None:
            try:
                sent = direct_send(data)
            except OSError:  # the socket is full or closed: Twisted's transport finds out which
                sent = 0
            if sent == len(data):
                return 0
            data = data[sent:]
        return self._protocol.write_frames(data)

    def close(self, code: int) -> None:
        self._protocol.close(code)

    def abort(self) -> None:
        self._protocol.abort()

    async def wait_for_buffer_space(self) -> None:
        await wait_for_buffer_space(lambda: self._protocol.buffered_bytes)

    def _find_direct_send(self) -> Callable[[bytes], int] | None:
        self.direct_send = self._protocol.find_direct_send()
        return self.direct_send

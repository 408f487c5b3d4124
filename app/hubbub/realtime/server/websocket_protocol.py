"""One WebSocket in our server: accepts encoded frames, sends pings, detects silent clients.

Connections write encoded frames through its `direct_transport`, which the endpoint gets through the
ASGI extension FRAMES_EXTENSION. Everything else that applications send goes through Daphne. The
order of all frames is kept.
"""

import random
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from daphne.ws_protocol import WebSocketFactory
from twisted.internet.tcp import Server as TCPTransport

from hubbub.realtime.connections.slow_readers import is_slow_reader
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.websocket_frames import PING
from hubbub.realtime.server.after_handshake import AttachableProtocol
from hubbub.realtime.server.direct_transport import DirectTransport

# How long to wait for the client's close frame. Autobahn rounds its deadline down to whole seconds,
# so stock Daphne's one second often leaves no time at all: a slow client then loses the close frame
# and everything before it.
CLOSE_SECONDS: Final = 3


class PingOptions(Protocol):
    """The part of Daphne's server that this module uses."""

    ping_interval: int
    ping_timeout: int


class HubbubWebSocketProtocol(AttachableProtocol):
    """A `FrameProtocol` that also closes a socket which does not answer a ping."""

    server: PingOptions
    received_at = 0.0  # monotonic, like all times here
    pinged_at = 0.0
    ping_due_at = 0.0
    _closed_at = 0.0  # when `check_timeouts` first found the socket closed
    _state: int = AttachableProtocol.STATE_CONNECTING
    _direct_transport: DirectTransport | None = None

    def dataReceived(self, data: bytes) -> None:
        self.received_at = time.monotonic()
        # Autobahn's own method formats a log line for each call, although we do not log it.
        self._dataReceived(data)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        # The transport refers to this protocol, which is a reference cycle.
        self._direct_transport = None
        super().onClose(wasClean, code, reason)

    def onPing(self, payload: bytes) -> None:
        super().onPing(payload)
        if is_slow_reader(self.buffered_bytes):
            self.abort()  # `Connection` aborts slow readers when it writes, but pongs bypass it

    # Writing encoded frames

    @property
    def direct_transport(self) -> DirectTransport:
        """The transport of this socket: always the same object until the socket closes."""
        if self._direct_transport is None:
            self._direct_transport = DirectTransport(self)
        return self._direct_transport

    def write_frames(self, data: bytes) -> int:
        """Write whole frames, or the rest of partly written ones. See `FrameProtocol`."""
        if self.state != self.STATE_OPEN:
            return 0
        # Autobahn's own frames may be in its queue; if there are none, this is `transport.write`.
        self.sendData(data)
        return self.buffered_bytes

    def find_direct_send(self) -> Callable[[bytes], int] | None:
        """Return the socket's own `send` if nothing is buffered that has to be sent first.

        This works only on Twisted's plain TCP transport: a TLS wrapper would expose the unencrypted
        socket.
        """
        if not self._can_send_directly:
            return None
        send: Callable[[bytes], int] = self.transport.socket.send
        return send

    @property
    def _can_send_directly(self) -> bool:
        transport = self.transport
        return (
            self.state == self.STATE_OPEN
            and type(transport) is TCPTransport
            and bool(transport.connected)
            and not (transport.dataBuffer or transport._tempDataLen or self.send_queue)
            and not transport.disconnecting
        )

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Send as Autobahn does. All of its frames come through here and fill the buffers."""
        self._stop_direct_sends()
        super().sendData(data, sync, chopsize)

    @property
    def state(self) -> int:
        """Autobahn's state. Every change stops direct sends, which need an open socket."""
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        self._state = state
        self._stop_direct_sends()

    def _stop_direct_sends(self) -> None:
        if self._direct_transport is not None:
            self._direct_transport.direct_send = None

    @property
    def buffered_bytes(self) -> int:
        """The number of bytes buffered outside of the kernel, or 0 if the socket has closed."""
        if self.state != self.STATE_OPEN:
            return 0
        # A TLS wrapper passes these attributes on to the transport that it wraps.
        transport = self.transport
        return len(transport.dataBuffer) - int(transport.offset) + int(transport._tempDataLen)

    def close(self, code: int) -> None:
        """Send a close frame. Nothing is written after it."""
        self.serverClose(code)

    def abort(self) -> None:
        """Close the TCP connection immediately and discard what is buffered."""
        self.dropConnection(abort=True)

    # Pings and silent clients

    def onOpen(self) -> None:
        super().onOpen()
        # The HTTP channel of the handshake is still registered as producer, but no longer needed.
        self.transport.unregisterProducer()
        # Random, so that sockets that opened at the same moment are pinged at different moments.
        self.ping_due_at = time.monotonic() + random.uniform(0.2, 1) * self.server.ping_interval  # noqa: S311

    def check_timeouts(self) -> None:
        """Ping the client if a ping is due, and close the socket if the client is silent.

        The server calls this every two seconds. Autobahn's own timers, one per ping, accept only
        the pong to the last ping, so they close sockets of clients that do answer.
        """
        now = time.monotonic()
        if self.state == self.STATE_CLOSED:
            self._abort_if_unread(now)
            return
        if self.state != self.STATE_OPEN:
            super().check_timeouts()
            return
        if self.received_at < self.pinged_at < now - self.server.ping_timeout:
            # If the close is not answered either, the connection is aborted soon after.
            self.sendClose(code=close_codes.PING_TIMEOUT)
        elif now >= self.ping_due_at:
            self.ping_due_at = now + self.server.ping_interval
            if self.received_at >= self.pinged_at:  # otherwise keep the time of the unanswered ping
                self.pinged_at = now
            self.direct_transport.write(PING)

    def _abort_if_unread(self, now: float) -> None:
        """Abort a closed socket whose client does not read the rest: Twisted would wait forever."""
        self._closed_at = self._closed_at or now
        if now - self._closed_at > CLOSE_SECONDS:
            self.transport.abortConnection()


def protocol_class_for(factory: WebSocketFactory) -> type[HubbubWebSocketProtocol]:
    """Return a protocol class that has the factory's options as class attributes.

    Autobahn copies two dozen options into each instance, and formats all of them for its log. That
    takes a third of a millisecond per handshake, and a kilobyte per socket.
    """
    base = HubbubWebSocketProtocol
    options = {name: _as_attribute(getattr(factory, name)) for name in base.CONFIG_ATTRS}
    return type(base.__name__, (base,), options | {"CONFIG_ATTRS": []})


def _as_attribute(option: Any) -> Any:
    return staticmethod(option) if callable(option) else option

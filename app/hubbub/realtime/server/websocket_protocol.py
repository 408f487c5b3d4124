"""One socket as the server has it: ready-made frames out, pings, and silence noticed.

The server makes one class of it for each factory (`with_options_of`). Applications get its `writer`
through the ASGI extension FRAMES; whatever else they send goes Daphne's way, and both keep their
order.
"""

import random
import time
from typing import TYPE_CHECKING, Any, Final

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet.tcp import Server as TCPTransport

from hubbub.realtime.connections.transport import OnDisconnect, OnText
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.websocket_frames import PING
from hubbub.realtime.server.frame_writer import SocketWriter

if TYPE_CHECKING:
    from hubbub.realtime.server.server import Server

# How long a close may wait for its answer. Autobahn cuts whole seconds off the time at which it is
# over, so of stock Daphne's one second there is often nothing left: what waits before the close,
# and the close itself, are then lost to who is slow.
CLOSE_SECONDS: Final = 3


class SocketProtocol(WebSocketProtocol):
    """Takes ready-made frames, and closes a socket that leaves a ping unanswered."""

    server: "Server"
    heard_at = 0.0  # monotonic, as all times here
    pinged_at = 0.0
    ping_due_at = 0.0
    _closed_at = 0.0  # first seen closed
    _on_text: OnText | None = None
    _on_gone: OnDisconnect | None = None
    _state: int = WebSocketProtocol.STATE_CONNECTING
    _writer: SocketWriter | None = None

    def dataReceived(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        # Autobahn's own makes a line for its log out of each, which nobody reads.
        self._dataReceived(data)

    # What comes, once an application takes it directly

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> None:
        """Call these from now on, in the order of what came, instead of filling a queue.

        The application may return, and with it go its task, its queue and the handshake's headers:
        a third of what a socket takes.
        """
        self._on_text, self._on_gone = on_text, on_disconnect
        queue = self.application_queue
        del self.application_queue
        self._forget_handshake()
        while not queue.empty():
            message = queue.get_nowait()
            if message["type"] == "websocket.disconnect":
                self._on_text = self._on_gone = None
                on_disconnect(message["code"])
            else:
                on_text(message.get("text"))

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self._on_text is None:
            super().onMessage(payload, isBinary)
        elif not self.muted:
            self._on_text(None if isBinary else payload.decode())

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        on_disconnect, self._on_text, self._on_gone = self._on_gone, None, None
        self._writer = None  # it knows this protocol: each would keep the other
        try:
            super().onClose(wasClean, code, reason)
        finally:
            self.is_closed = None  # Autobahn's, which by now holds this protocol, and nobody asks
            if on_disconnect is not None:
                on_disconnect(code)

    def onPing(self, payload: bytes) -> None:
        super().onPing(payload)
        if self.buffered_bytes > settings.MAX_BUFFERED_BYTES:
            self.abort()  # pongs are no frames of the hub's, which counts those

    @property
    def is_attached(self) -> bool:
        return self._on_gone is not None

    def _forget_handshake(self) -> None:
        self.http_request_data = self.http_response_data = self.is_open = None
        self.application_deferred = None
        for headers in (self.http_headers, self.clean_headers, self.request.headers):
            headers.clear()

    # A frame writer

    @property
    def writer(self) -> SocketWriter:
        """What writes ready-made frames to this socket; until it is closed, always the same."""
        if self._writer is None:
            self._writer = SocketWriter(self)
        return self._writer

    def write_frames(self, data: bytes) -> int:
        """Write whole frames, or what is left of them, for the writer; as it does.

        Straight to the socket where nothing waits: Twisted's `write` asks the reactor to come back
        for it, which takes longer than all the rest. Nothing after a close frame.
        """
        if self.state != self.STATE_OPEN:
            return 0
        writer = self.writer
        if writer.straight is None and self._is_clear:
            writer.straight = self.transport.socket.send
            return writer.write_frames(data)
        # Frames of Autobahn's own may wait in its queue; else this is `transport.write`.
        self.sendData(data)
        return self.buffered_bytes

    @property
    def _is_clear(self) -> bool:
        """Whether nothing waits before what is written to the socket itself.

        Only on Twisted's plain TCP transport: a TLS wrapper would hand out the raw socket.
        """
        transport = self.transport
        return (
            type(transport) is TCPTransport
            and bool(transport.connected)
            and not (transport.dataBuffer or transport._tempDataLen or self.send_queue)
            and not transport.disconnecting
        )

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """As Autobahn's, which all that it sends goes through: it waits in the transport, then."""
        self._hold_back()
        super().sendData(data, sync, chopsize)

    @property
    def state(self) -> int:
        """Autobahn's. Only what is open is written to: each change has the writer ask again."""
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        self._state = state
        self._hold_back()

    def _hold_back(self) -> None:
        if self._writer is not None:
            self._writer.straight = None

    @property
    def buffered_bytes(self) -> int:
        """How much waits to be sent, besides what the kernel has. 0 for a socket that is gone."""
        if self.state != self.STATE_OPEN:
            return 0
        # A TLS wrapper passes these on to the transport below it.
        transport = self.transport
        return len(transport.dataBuffer) - int(transport.offset) + int(transport._tempDataLen)

    def close(self, code: int) -> None:
        """Send a close frame; nothing is written after it."""
        self.serverClose(code)

    def abort(self) -> None:
        """Cut the connection at once; what waits is thrown away."""
        self.dropConnection(abort=True)

    # Silence

    def onOpen(self) -> None:
        super().onOpen()
        # The HTTP channel that the socket began as stays its producer otherwise, to no purpose.
        self.transport.unregisterProducer()
        # Those who came at the same moment are not all pinged at the same one.
        self.ping_due_at = time.monotonic() + random.uniform(0.2, 1) * self.server.ping_interval  # noqa: S311

    def check_timeouts(self) -> None:
        """Called by the server every two seconds.

        Autobahn's timers, one for each ping, know pongs to the last ping only, and so end sockets
        that are heard again.
        """
        now = time.monotonic()
        if self.state == self.STATE_CLOSED:
            self._end_late(now)
            return
        if self.state != self.STATE_OPEN:
            super().check_timeouts()
            return
        if self.heard_at < self.pinged_at < now - self.server.ping_timeout:
            # Who does not answer the close either is dropped soon after.
            self.sendClose(code=close_codes.PING_TIMEOUT)
        elif now >= self.ping_due_at:
            self.ping_due_at = now + self.server.ping_interval
            if self.heard_at >= self.pinged_at:  # else the first unanswered one counts
                self.pinged_at = now
            self.write_frames(PING)

    def _end_late(self, now: float) -> None:
        """Cut who closed and does not read what still waits: Twisted would keep it for ever."""
        self._closed_at = self._closed_at or now
        if now - self._closed_at > CLOSE_SECONDS:
            self.transport.abortConnection()


def with_options_of(factory: WebSocketFactory) -> type[SocketProtocol]:
    """Return the protocol with the factory's options as those of its class.

    Autobahn copies two dozen of them into each instance, and makes a text of them all for its log:
    a third of a millisecond for each handshake, and a kilobyte for each socket.
    """
    options = {name: _as_attribute(getattr(factory, name)) for name in SocketProtocol.CONFIG_ATTRS}
    return type("SocketProtocol", (SocketProtocol,), options | {"CONFIG_ATTRS": []})


def _as_attribute(option: Any) -> Any:
    return staticmethod(option) if callable(option) else option

"""One WebSocket after its handshake: it no longer needs the ASGI application's task and queue.

The endpoint attaches a connection's functions through the direct transport. From then on they get
everything that the client sends, and the application may return. A WebSocket whose application
never attaches anything stays an ordinary Daphne WebSocket.
"""

from daphne.ws_protocol import WebSocketProtocol

from hubbub.realtime.connections.transport import OnDisconnect, OnText


class AttachableProtocol(WebSocketProtocol):
    """A Daphne WebSocket that can call functions instead of filling the application's queue."""

    _on_text: OnText | None = None
    _on_disconnect: OnDisconnect | None = None

    @property
    def is_attached(self) -> bool:
        return self._on_disconnect is not None

    def attach(self, on_text: OnText, on_disconnect: OnDisconnect) -> None:
        """Call these functions from now on, in order of arrival, instead of filling a queue.

        The application may return. That frees its task, its queue and the headers of the handshake,
        which use a third of a socket's memory.
        """
        self._on_text, self._on_disconnect = on_text, on_disconnect
        queue = self.application_queue
        del self.application_queue
        self._forget_handshake()
        while not queue.empty():
            message = queue.get_nowait()
            if message["type"] == "websocket.disconnect":
                self._on_text = self._on_disconnect = None
                on_disconnect(message["code"])
            else:
                on_text(message.get("text"))

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self._on_text is None:
            super().onMessage(payload, isBinary)
        elif not self.muted:
            self._on_text(None if isBinary else payload.decode())

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        on_disconnect, self._on_text, self._on_disconnect = self._on_disconnect, None, None
        try:
            super().onClose(wasClean, code, reason)
        finally:
            self.is_closed = None  # Autobahn's unused future, which by now refers to this protocol
            if on_disconnect is not None:
                on_disconnect(code)

    def _forget_handshake(self) -> None:
        self.http_request_data = self.http_response_data = self.is_open = None
        self.application_deferred = None
        for headers in (self.http_headers, self.clean_headers, self.request.headers):
            headers.clear()

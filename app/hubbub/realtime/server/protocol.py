"""One socket as the server has it. Whatever is faster than Daphne's own writing belongs here."""

import time
from typing import Final

from daphne.ws_protocol import WebSocketProtocol

SILENT_TOO_LONG: Final = 4003


class SocketProtocol(WebSocketProtocol):
    """Closes what has been silent for a ping's interval and its timeout, pongs included.

    Not by Autobahn's timer, one for each ping: it knows pongs to the last ping only, and so ends
    sockets that are heard again.
    """

    heard_at = 0.0  # monotonic

    def connectionMade(self) -> None:
        self.heard_at = time.monotonic()
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        super().dataReceived(data)

    def check_timeouts(self) -> None:
        """Called by Daphne every two seconds."""
        super().check_timeouts()
        patience = self.server.ping_interval + self.server.ping_timeout
        if self.state == self.STATE_OPEN and time.monotonic() - self.heard_at > patience:
            # Who does not answer the close either is dropped a second later.
            self.sendClose(code=SILENT_TOO_LONG)

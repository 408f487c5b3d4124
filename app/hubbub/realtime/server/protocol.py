"""One socket as the server has it. Whatever is faster than Daphne's own writing belongs here."""

import time
from typing import Final

from daphne.ws_protocol import WebSocketProtocol

SILENT_TOO_LONG: Final = 4003


class SocketProtocol(WebSocketProtocol):
    """Closes a socket on which nothing, pongs included, came for `ping_timeout` after a ping.

    Not by Autobahn's timer, one for each ping: it knows pongs to the last ping only, and so ends
    sockets that are heard again.
    """

    heard_at = 0.0  # monotonic
    asked_at = 0.0  # the first ping since then

    def dataReceived(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        super().dataReceived(data)

    def check_timeouts(self) -> None:
        """Called by Daphne every two seconds."""
        waited = time.monotonic() - self.asked_at
        is_asked = self.asked_at > self.heard_at
        if self.state == self.STATE_OPEN and is_asked and waited > self.server.ping_timeout:
            # Who does not answer the close either is dropped a second later.
            self.sendClose(code=SILENT_TOO_LONG)
        else:
            super().check_timeouts()

    def _sendAutoPing(self) -> None:
        if self.asked_at <= self.heard_at:
            self.asked_at = time.monotonic()
        super()._sendAutoPing()

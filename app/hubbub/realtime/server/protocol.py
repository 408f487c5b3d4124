"""One socket as the server has it. Whatever is faster than Daphne's own writing belongs here."""

from typing import Final

from daphne.ws_protocol import WebSocketProtocol

SILENT_TOO_LONG: Final = 4003


class SocketProtocol(WebSocketProtocol):
    def onAutoPingTimeout(self) -> None:
        """Close what was silent too long with the protocol's code.

        Stock: dropped without a word. Who does not answer the close either is dropped a second
        later (Autobahn's closing handshake).
        """
        self.autoPingTimeoutCall = None
        self.sendClose(code=SILENT_TOO_LONG)

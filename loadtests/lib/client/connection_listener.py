"""What a client reports about its sockets, to those who measure them."""


class ConnectionListener:
    """Ignores everything. Override the methods of interest."""

    def connecting(self) -> None:
        """The client starts to connect."""

    def opened(self, seconds: float) -> None:
        """The server welcomed a socket, `seconds` after the client started to connect."""

    def not_opened(self, error: Exception) -> None: ...

    def lost(self, intended: bool) -> None:
        """The socket ended. `intended`: the test had asked the client to drop it."""

    def all_open(self) -> None:
        """All rooms are live and loaded."""

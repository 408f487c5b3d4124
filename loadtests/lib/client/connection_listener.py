"""What a client reports about its sockets, to those who measure them."""


class ConnectionListener:
    """A listener that ignores everything. Subclasses override the methods that they need."""

    def connecting(self) -> None:
        """The client starts to connect."""

    def opened(self, seconds: float) -> None:
        """The server welcomed a socket, `seconds` after the client started to connect."""

    def not_opened(self, error: Exception) -> None: ...

    def lost(self, intended: bool) -> None:
        """The socket ended. `intended` is True if the test had asked the client to drop it."""

    def all_open(self) -> None:
        """All rooms are live and loaded."""

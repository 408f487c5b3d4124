"""What a client reports about its sockets, to those who measure them."""


class ConnectionListener:
    """Ignores everything; override what is of interest."""

    def connecting(self) -> None:
        """The client starts to connect."""

    def opened(self, seconds: float) -> None:
        """The server welcomed a socket, this long after the client started to connect."""

    def not_opened(self, error: Exception) -> None: ...

    def lost(self, intended: bool) -> None:
        """The socket ended; `intended` if the client itself was asked to drop it."""

    def all_open(self) -> None:
        """All rooms are live and loaded."""

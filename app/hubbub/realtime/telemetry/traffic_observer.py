"""The interface through which a hub reports its traffic to the traffic recorder, if there is one.

`Hub.traffic_observer` is None unless RECORDING_DIR is set, so traffic that is not recorded costs
only one comparison. Observers are called on the event loop and must neither wait nor raise.
"""

from typing import Protocol

from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.protocol.json_frames import Command


class TrafficObserver(Protocol):
    def connected(self, connection: Connection) -> None:
        """A connection was admitted to the hub."""

    def received(self, connection: Connection, command: Command) -> None:
        """A valid command within the rate limit arrived. It may still fail."""

    def subscribed(
        self, connection: Connection, room_id: int, missed: int | None, resumed: bool
    ) -> None:
        """A subscription went live.

        `missed` is the number of events since the client's position, if it had a position.
        """

    def disconnected(self, connection: Connection, code: int | None) -> None:
        """A connection has ended."""

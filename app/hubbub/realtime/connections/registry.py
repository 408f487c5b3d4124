"""The open connections of one replica, by user, and the rooms that these users are members of.

The hub owns the only registry. Memberships are kept only for users who are connected here: they
come with the handshake and change with the workspace log.
"""

from dataclasses import dataclass, field

from django.conf import settings

from hubbub.observability import metrics
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.protocol import close_codes


@dataclass(slots=True)
class ConnectedUser:
    room_ids: set[int] = field(default_factory=set)  # rooms that the user is a member of
    connections: dict[Connection, None] = field(default_factory=dict)  # oldest first
    typing_sent_at: dict[int, float] = field(default_factory=dict)  # by room id, monotonic


@dataclass(slots=True)
class MemberRoom:
    """A room that has members connected here, whether or not any of them has it open."""

    user_ids: set[int] = field(default_factory=set)
    bumped_seq: int | None = None  # its members have been notified of events up to this seq


class ConnectionRegistry:
    def __init__(self) -> None:
        self.users: dict[int, ConnectedUser] = {}
        self.rooms: dict[int, MemberRoom] = {}

    def add(self, connection: Connection) -> None:
        """Add a connection, with the memberships that its handshake read.

        If the user then has more than MAX_CONNECTIONS_PER_USER, close the oldest one.
        """
        user = self.users.setdefault(connection.user_id, ConnectedUser())
        user.connections[connection] = None
        metrics.connections.inc()
        for room_id, seq in connection.identity.rooms.items():
            self.add_membership(connection.user_id, room_id)
            room = self.rooms[room_id]
            if room.bumped_seq is None:
                room.bumped_seq = seq
        self._limit_connections(user)

    def remove(self, connection: Connection) -> None:
        """Remove a connection. With the user's last connection, remove the user's memberships."""
        user = self.users.get(connection.user_id)
        if user is None or connection not in user.connections:
            return
        del user.connections[connection]
        metrics.connections.dec()
        if not user.connections:
            for room_id in list(user.room_ids):
                self.remove_membership(connection.user_id, room_id)
            del self.users[connection.user_id]

    def add_membership(self, user_id: int, room_id: int) -> None:
        """Record that a connected user is a member of a room."""
        self.users[user_id].room_ids.add(room_id)
        self.rooms.setdefault(room_id, MemberRoom()).user_ids.add(user_id)

    def remove_membership(self, user_id: int, room_id: int) -> None:
        self.users[user_id].room_ids.discard(room_id)
        room = self.rooms.get(room_id)
        if room is not None:
            room.user_ids.discard(user_id)
            if not room.user_ids:
                del self.rooms[room_id]

    def of_user(self, user_id: int | None) -> list[Connection]:
        user = self.users.get(user_id or 0)
        return list(user.connections) if user else []

    def of_members(self, room_id: int) -> list[Connection]:
        """Return the connections of a room's members."""
        room = self.rooms.get(room_id)
        user_ids = room.user_ids if room else ()
        return [each for user_id in user_ids for each in self.users[user_id].connections]

    def reset_bumps(self) -> None:
        """Forget which events members were notified of, because the database was replaced."""
        for room in self.rooms.values():
            room.bumped_seq = None

    def all(self) -> list[Connection]:
        return [connection for user in self.users.values() for connection in user.connections]

    def _limit_connections(self, user: ConnectedUser) -> None:
        # A connection that was sent `goodbye` may have a successor already, so it does not count.
        still_open = [each for each in user.connections if not (each.closed or each.goodbye_sent)]
        if len(still_open) > settings.MAX_CONNECTIONS_PER_USER:
            still_open[0].close(close_codes.TOO_MANY_CONNECTIONS)

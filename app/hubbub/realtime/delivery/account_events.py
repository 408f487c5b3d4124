"""Applies the entries of the workspace log to this replica's connections.

This module notifies only connections that have not subscribed to the room in question. Subscribed
connections receive the same changes from the room's own log.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from hubbub.chat.log_entries import LogEntry
from hubbub.chat.queries import room_for
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.connections.registry import ConnectionRegistry
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_query
from hubbub.realtime.delivery.followed_log import data_of
from hubbub.realtime.delivery.local_rooms import LocalRoom
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.json_frames import frame
from hubbub.realtime.protocol.websocket_frames import text_batch

# Event types that close connections, with their close codes. After a change of password the client
# may reconnect, because the session that made the change remains valid.
CLOSE_CODES = {
    "user.signed_out": close_codes.SIGNED_OUT,
    "user.password_changed": close_codes.TRY_AGAIN,
    "user.banned": close_codes.BANNED,
    "user.deactivated": close_codes.SIGNED_OUT,
    "token.revoked": close_codes.SIGNED_OUT,
}


class AccountEvents:
    def __init__(
        self, connections: ConnectionRegistry, local_rooms: Mapping[int, LocalRoom]
    ) -> None:
        self._connections, self._local_rooms = connections, local_rooms

    def apply(self, entry: LogEntry) -> None:
        """Apply one entry of the workspace log. Types from newer versions are ignored."""
        data = data_of(entry)
        if entry.type in CLOSE_CODES:
            self._close(entry.user, CLOSE_CODES[entry.type], data)
            return
        match entry.type:
            case "user.renamed":
                self._rename(entry.user, data["name"])
            case "member.joined":
                self._add_member(entry.user, data["room"])
            case "member.left":
                self._remove_member(entry.user, data["room"], data["reason"])
            case "room.archived":
                members = self._connections.of_members(data["room"])
                _notify_removed(members, data["room"], "archived")
            case "room.restored":
                self._notify_members("room.added", data)
            case "room.renamed" | "room.topic_changed":
                self._notify_members("room.changed", data)

    def _close(self, user_id: int | None, code: int, data: dict[str, Any]) -> None:
        """Close the connections of the session or token that `data` names.

        If `data` names neither, close all connections of the user.
        """
        session, token = data.get("session"), data.get("token")
        for connection in self._connections.of_user(user_id):
            identity = connection.identity
            if session in (None, identity.session_digest) and token in (None, identity.token_id):
                connection.close(code)

    def _rename(self, user_id: int | None, name: str) -> None:
        for connection in self._connections.of_user(user_id):
            connection.identity.user.name = name
        for room in self._local_rooms.values():
            if user_id is not None and room.presence.rename(user_id, name):
                room.mark_presence_changed()

    def _add_member(self, user_id: int | None, room_id: int) -> None:
        if user_id not in self._connections.users:
            return
        self._connections.add_membership(user_id, room_id)
        for connection in self._connections.of_user(user_id):
            connection.removal_sent.discard(room_id)
            connection.spawn(_notify_added(connection, room_id))

    def _remove_member(self, user_id: int | None, room_id: int, reason: str) -> None:
        _notify_removed(self._connections.of_user(user_id), room_id, reason)
        if user_id in self._connections.users:
            self._connections.remove_membership(user_id, room_id)

    def _notify_members(self, frame_type: str, data: dict[str, Any]) -> None:
        """Write the room's new state to members' connections that have not subscribed to it."""
        room_id = data["room"]
        batch = text_batch(frame(frame_type, room_info=data["room_info"]))
        for connection in self._connections.of_members(room_id):
            if room_id not in connection.rooms:
                connection.removal_sent.discard(room_id)
                connection.write_batch(batch)


async def _notify_added(connection: Connection, room_id: int) -> None:
    """Write `room.added` with the room as the user sees it.

    A direct message shows the name of the other user.
    """
    try:
        room_info = await run_query(room_for, connection.identity.user, room_id)
    except ObjectDoesNotExist:
        return  # the user was removed again in the meantime
    except DATABASE_UNAVAILABLE:
        connection.close(close_codes.TRY_AGAIN)  # the client reloads its rooms when it reconnects
        return
    connection.write(frame("room.added", room_info=room_info))


def _notify_removed(connections: Iterable[Connection], room_id: int, reason: str) -> None:
    """Write `room.removed` to the connections that did not get it from the room's own log."""
    removed = text_batch(frame("room.removed", room=room_id, reason=reason))
    for connection in connections:
        if room_id in connection.rooms:
            continue
        if room_id in connection.removal_sent:
            connection.removal_sent.discard(room_id)
        else:
            connection.write_batch(removed)

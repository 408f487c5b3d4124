"""Passes on what is not in any log: typing notices, read marks, and bumps.

These frames are written to the connections that they concern, in no particular order, and are lost
if the bus loses them. A sweep repeats bumps. `cluster.presence_updates` writes those of presence.
"""

from collections.abc import Mapping

from hubbub.chat.publish_queue import BusMessage
from hubbub.realtime.connections.registry import ConnectionRegistry
from hubbub.realtime.delivery.fan_out import write_to_all
from hubbub.realtime.delivery.local_rooms import LocalRoom
from hubbub.realtime.protocol.json_frames import frame


class EphemeralFrames:
    def __init__(
        self, connections: ConnectionRegistry, local_rooms: Mapping[int, LocalRoom]
    ) -> None:
        self._connections, self._local_rooms = connections, local_rooms

    def receive_bumps(self, message: BusMessage) -> None:
        for room_id, seq, number in message["bumps"]:
            self.bump(room_id, seq, number)

    def bump(self, room_id: int, seq: int, number: int) -> None:
        """Notify members' connections that have not subscribed to a room of its new events."""
        room = self._connections.rooms.get(room_id)
        if room is None or seq <= (room.bumped_seq or 0):
            return
        room.bumped_seq = seq
        text = frame("room.bumped", room=room_id, seq=seq, number=number)
        connections = self._connections.of_members(room_id)
        write_to_all(connections, text, lambda connection: room_id not in connection.rooms)

    def receive_typing(self, message: BusMessage) -> None:
        room = self._local_rooms.get(message["room"])
        user = message["user"]
        if room is not None:
            text = frame("typing.started", room=room.id, user=user)
            write_to_all(
                room.subscribers,
                text,
                lambda other: room.id in other.rooms and other.user_id != user["id"],
            )

    def receive_read_marks(self, message: BusMessage) -> None:
        for user_id, room_id, number in message["marks"]:
            for connection in self._connections.of_user(user_id):
                connection.write(frame("room.read", room=room_id, number=number))

"""Tells a user's connections how far the user has read. Lost bus messages are not repeated."""

from hubbub.chat.publish_queue import BusMessage
from hubbub.realtime.connections.registry import ConnectionRegistry
from hubbub.realtime.protocol.json_frames import frame


def receive_read_marks(connections: ConnectionRegistry, message: BusMessage) -> None:
    for user_id, room_id, number in message["marks"]:
        for connection in connections.of_user(user_id):
            connection.write(frame("room.read", room=room_id, number=number))

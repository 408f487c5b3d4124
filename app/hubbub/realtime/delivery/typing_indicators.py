"""Tells the subscribers of a room who is typing. Lost bus messages are not repeated."""

from collections.abc import Mapping

from hubbub.chat.publish_queue import BusMessage
from hubbub.realtime.delivery.fan_out import write_to_all
from hubbub.realtime.delivery.local_rooms import LocalRoom
from hubbub.realtime.protocol.json_frames import frame


def receive_typing(local_rooms: Mapping[int, LocalRoom], message: BusMessage) -> None:
    """Write `typing.started` to a room's subscribers, except to the user who is typing."""
    room = local_rooms.get(message["room"])
    user = message["user"]
    if room is not None:
        text = frame("typing.started", room=room.id, user=user)
        write_to_all(
            room.subscribers,
            text,
            lambda other: room.id in other.rooms and other.user_id != user["id"],
        )

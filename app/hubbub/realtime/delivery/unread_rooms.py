"""Tells users that a room has new events, on their connections that have not subscribed to it.

Such a message is called a bump. It is not an event: the next sweep repeats a bump that was lost.
"""

from hubbub.chat.publish_queue import BusMessage
from hubbub.realtime.connections.registry import ConnectionRegistry
from hubbub.realtime.delivery.fan_out import write_to_all
from hubbub.realtime.protocol.json_frames import frame


def receive_bumps(connections: ConnectionRegistry, message: BusMessage) -> None:
    for room_id, seq, number in message["bumps"]:
        bump(connections, room_id, seq, number)


def bump(connections: ConnectionRegistry, room_id: int, seq: int, number: int) -> None:
    """Write `room.bumped` to the members' connections, unless they were notified up to `seq`."""
    room = connections.rooms.get(room_id)
    if room is None or seq <= (room.bumped_seq or 0):
        return
    room.bumped_seq = seq
    text = frame("room.bumped", room=room_id, seq=seq, number=number)
    write_to_all(connections.of_members(room_id), text, lambda each: room_id not in each.rooms)

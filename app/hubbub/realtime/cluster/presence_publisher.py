"""Publishes presence changes to peers and announces them to local clients, a few times a second.

The delay combines the changes of many users in one message, for example when everyone reconnects.
"""

import asyncio
import time

from django.conf import settings

from hubbub.chat.publisher import group_for_log, publisher
from hubbub.realtime.delivery.local_rooms import LocalRoom
from hubbub.realtime.hub import Hub
from hubbub.realtime.protocol.json_frames import frame


async def run(hub: Hub) -> None:
    """Publish and announce the changes of all local rooms until cancelled."""
    while True:
        await asyncio.sleep(settings.PRESENCE_FLUSH_SECONDS)
        now = time.monotonic()
        for room in hub.rooms_with_changed_presence():
            # Unmark rooms one at a time: if one fails and this task restarts, the rest are still
            # marked.
            room.changed_rooms.discard(room)
            _publish(hub.replica_id, room)
            if not _announce(room, now):
                room.mark_presence_changed()


def _publish(replica_id: str, room: LocalRoom) -> None:
    changes = room.presence.take_local_changes()
    if changes is not None:
        message = {
            "type": "presence",
            "room": room.id,
            "from": replica_id,
            "number": changes.number,
            "joined": list(changes.joined.items()),
            "left": changes.left,
        }
        publisher.publish(group_for_log(room.id), message)


def _announce(room: LocalRoom, now: float) -> bool:
    """Write a room's changes to its subscribers. Return False if the caller must try again.

    The changes of a large room, whose users are only counted, are announced at most once a second.
    """
    too_soon = now - room.announced_at < settings.PRESENCE_COUNT_SECONDS
    if too_soon and room.presence.only_counted:
        return False
    announcement = room.presence.announce()
    if announcement is None:
        return True
    room.announced_at = now
    text = frame(
        "presence.changed",
        room=room.id,
        joined=[{"id": id, "name": name} for id, name in announcement.joined.items()],
        left=announcement.left,
        online_count=announcement.online,
    )
    room.fan_out.write([text])
    return True

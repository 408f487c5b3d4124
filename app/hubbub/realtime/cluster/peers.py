"""The other replicas, as this one hears them: who has which room open there.

Told by each of its joins and leaves, which it numbers; by heartbeats, which repeat the numbers, so
that a hole is noticed; and by lists, asked for where something is missing. A replica whose
heartbeats stop is forgotten with all its people.
"""

import time
from typing import Any

from django.conf import settings

from hubbub.chat.publisher import publisher
from hubbub.realtime.hub import Hub
from hubbub.realtime.telemetry.latency import HeartbeatDelays


class Others:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.heartbeat_delays = HeartbeatDelays()
        self._heard: dict[str, float] = {}  # replica: when it was last heard (monotonic)

    def ask(self, group: str, log: int) -> None:
        """Ask for lists of a room: of all through its group, or of one replica.

        That the question itself comes back through the group proves that the group is heard.
        """
        publisher.publish(group, {"type": "ask", "room": log, "from": self.hub.replica})

    def hear(self, message: dict[str, Any]) -> None:
        """Take in another replica's change, list or question."""
        room, replica = self.hub.rooms.get(message["room"]), message["from"]
        self._heard.setdefault(replica, time.monotonic())
        if room is None:
            return
        if message["type"] == "ask":
            self._answer(room.log, replica)
        elif message["type"] == "present":
            room.presence.heard_list(replica, message["number"], dict(message["people"]))
        elif not room.presence.heard_change(
            replica, message["number"], dict(message["joined"]), message["left"]
        ):
            self.ask(replica_group(replica), room.log)
        self.hub.presence_dirty.add(room.log)

    def hear_beat(self, replica: str, numbers: dict[int, int], now: float) -> None:
        """Compare what is known of a replica with the numbers in its heartbeat."""
        self._heard[replica] = now
        for room in self.hub.rooms.values():
            if room.log not in numbers and replica not in room.presence.views:
                continue
            if not room.presence.agrees(replica, numbers.get(room.log)):
                self.ask(replica_group(replica), room.log)
            elif room.log not in numbers:
                self.hub.presence_dirty.add(room.log)

    def start_clocks(self, now: float) -> None:
        """Begin to wait for everybody anew: it was we who did not hear."""
        self._heard = dict.fromkeys(self._heard, now)

    def forget_silent(self, now: float) -> None:
        for replica, heard in list(self._heard.items()):
            if now - heard > settings.PEER_TIMEOUT_SECONDS:
                del self._heard[replica]
                self.heartbeat_delays.forget(replica)
                for room in self.hub.rooms.values():
                    room.presence.forget(replica)
                    self.hub.presence_dirty.add(room.log)

    def _answer(self, room_id: int, replica: str) -> None:
        presence = self.hub.rooms[room_id].presence
        message = {
            "type": "present",
            "room": room_id,
            "from": self.hub.replica,
            "number": presence.number,
            "people": list(presence.names.items()),
        }
        publisher.publish(replica_group(replica), message)


def replica_group(replica: str) -> str:
    """Return the name of the group in which one replica alone is."""
    return f"replica.{replica}"

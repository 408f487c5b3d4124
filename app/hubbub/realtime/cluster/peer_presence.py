"""Tracks the other replicas: which of them are alive, and which users have rooms open there.

Peers publish numbered presence changes. Their heartbeats repeat the last numbers, so this replica
notices a missed change and asks for the complete list. A peer whose heartbeats stop is forgotten
with all its users.
"""

import time

from hubbub.chat.publish_queue import BusMessage
from hubbub.chat.publisher import publisher
from hubbub.realtime.cluster.peer_timeouts import PeerTimeouts
from hubbub.realtime.hub import Hub
from hubbub.realtime.telemetry.latency import HeartbeatDelays


class Peers:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.heartbeat_delays = HeartbeatDelays()
        self.timeouts = PeerTimeouts()

    def ask(self, group: str, room_id: int) -> None:
        """Ask for a room's presence list: all peers in the room's group, or only one peer.

        A message that is sent through a log's group is also this replica's own join check.
        """
        message = {"type": "ask", "room": room_id, "from": self.hub.replica_id}
        publisher.publish(group, message)

    def receive_presence_change(self, message: BusMessage) -> None:
        peer_id = message["from"]
        if peer_id == self.hub.replica_id:
            return
        self.timeouts.start(peer_id, time.monotonic())
        room = self.hub.local_rooms.get(message["room"])
        if room is None:
            return
        joined, left = dict(message["joined"]), message["left"]
        if not room.presence.apply_peer_change(peer_id, message["number"], joined, left):
            self.ask(replica_group(peer_id), room.id)
        room.mark_presence_changed()

    def receive_presence_list(self, message: BusMessage) -> None:
        peer_id = message["from"]
        if peer_id == self.hub.replica_id:
            return
        self.timeouts.start(peer_id, time.monotonic())
        room = self.hub.local_rooms.get(message["room"])
        if room is not None:
            room.presence.apply_peer_list(peer_id, message["number"], dict(message["people"]))
            room.mark_presence_changed()

    def send_presence_list(self, message: BusMessage) -> None:
        """Answer a peer that asks for a room's presence list."""
        self.timeouts.start(message["from"], time.monotonic())
        room = self.hub.local_rooms.get(message["room"])
        if room is not None:
            answer = {
                "type": "present",
                "room": room.id,
                "from": self.hub.replica_id,
                "number": room.presence.number,
                "people": list(room.presence.names.items()),
            }
            publisher.publish(replica_group(message["from"]), answer)

    def receive_heartbeat(self, peer_id: str, numbers: dict[int, int], now: float) -> None:
        """Compare the presence numbers in a peer's heartbeat, by room id, with those known here."""
        self.timeouts.renew(peer_id, now)
        for room in self.hub.local_rooms.values():
            if room.id not in numbers and peer_id not in room.presence.peers:
                continue
            if not room.presence.check_peer_number(peer_id, numbers.get(room.id)):
                self.ask(replica_group(peer_id), room.id)
            elif room.id not in numbers:
                room.mark_presence_changed()

    def forget_silent(self, now: float) -> None:
        """Forget the peers that have timed out, with all their users."""
        for peer_id in self.timeouts.take_expired(now):
            self.heartbeat_delays.forget(peer_id)
            for room in self.hub.local_rooms.values():
                room.presence.forget_peer(peer_id)
                room.mark_presence_changed()


def replica_group(replica_id: str) -> str:
    """Return the name of the group that has only one replica in it."""
    return f"replica.{replica_id}"

"""Sends this replica's heartbeats to all replicas, itself included, and receives everyone's.

One heartbeat a second goes through each Redis host. A replica's own heartbeats show whether the
host still delivers to it; a peer's heartbeats show that the peer is alive, and carry its presence
numbers.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from itertools import count

from django.conf import settings

from hubbub.chat.publish_queue import BusMessage
from hubbub.chat.publisher import host_for_group, publisher
from hubbub.observability import metrics
from hubbub.observability.process_name import NAME
from hubbub.realtime.cluster.bus_health import BusHealth
from hubbub.realtime.cluster.peer_presence import Peers
from hubbub.realtime.hub import Hub

logger = logging.getLogger(__name__)


class Heartbeats:
    def __init__(self, hub: Hub, peers: Peers) -> None:
        self.hub, self.peers = hub, peers
        host_count = len(settings.REDIS_HOSTS) or 1
        now = time.monotonic()
        self._hosts = [BusHealth(settings.BUS_LOST_AFTER_SECONDS, now) for _ in range(host_count)]
        self.groups = list(_group_on_each_host(host_count))

    def is_bus_lost(self, host: int) -> bool:
        return self._hosts[host].is_lost

    async def run(self) -> None:
        """Send heartbeats, and check for lost hosts and silent peers, until cancelled."""
        while True:
            self._send()
            now = time.monotonic()
            for host, health in enumerate(self._hosts):
                if health.check(now):
                    logger.warning("Bus lost on Redis host %d: polling the log instead.", host)
            # While the bus is lost, a replica may miss its peers' heartbeats, so it forgets no
            # peer.
            if not any(health.is_lost for health in self._hosts):
                self.peers.forget_silent(now)
            await asyncio.sleep(settings.BUS_HEARTBEAT_SECONDS)
            self._record_lost(time.monotonic() - now)

    def receive(self, message: BusMessage) -> None:
        now, replica_id = time.monotonic(), message["from"]
        if "rooms" in message and "at" in message:  # only the first host's heartbeat has both
            delays = self.peers.heartbeat_delays
            delays.record(replica_id, message["name"], message["at"])
        if replica_id == self.hub.replica_id:
            self._receive_own(message["host"], now)
        elif "rooms" in message:
            self.peers.receive_heartbeat(replica_id, dict(message["rooms"]), now)

    def _send(self) -> None:
        presence_numbers = [
            (room.id, room.presence.number)
            for room in self.hub.local_rooms.values()
            if room.presence.local
        ]
        for host, group in enumerate(self.groups):
            message: BusMessage = {
                "type": "beat",
                "from": self.hub.replica_id,
                "host": host,
                "name": NAME,
                "at": time.time(),
            }
            if host == 0:  # one host is enough; this one also carries the workspace log's group
                message["rooms"] = presence_numbers
            publisher.publish(group, message)

    def _receive_own(self, host: int, now: float) -> None:
        if self._hosts[host].receive(now):
            # This replica missed the peers' heartbeats, so reset the peers' timeouts.
            self.peers.timeouts.renew_all(now)
            self.hub.resubscribe(host)

    def _record_lost(self, seconds: float) -> None:
        for host, health in enumerate(self._hosts):
            metrics.bus_lost.labels(host).set(health.is_lost)
            metrics.bus_lost_seconds.labels(host).inc(seconds if health.is_lost else 0)


def _group_on_each_host(hosts: int) -> Iterator[str]:
    """Yield a group for each Redis host.

    The layer assigns groups to hosts by a hash of their names, so try names until each host has a
    group.
    """
    for host in range(hosts):
        yield next(name for name in (f"beat.{n}" for n in count()) if host_for_group(name) == host)

"""Keeps this replica in its channel-layer groups: its own groups, and one for each followed log.

`group_add` returns before Redis has processed the request, and fails while Redis is down. So a log
counts as subscribed only after this replica has received its own message through the log's group
(the join check), and joining is repeated until then.
"""

import asyncio
import logging
from collections.abc import Sequence

from channels.layers import get_channel_layer
from django.conf import settings

from hubbub.chat.publish_queue import BusMessage
from hubbub.chat.publisher import group_for_log, host_for_group
from hubbub.realtime.cluster.peer_presence import Peers
from hubbub.realtime.hub import Hub

logger = logging.getLogger(__name__)


class GroupSubscriptions:
    def __init__(self, hub: Hub, peers: Peers, own_groups: Sequence[str]) -> None:
        self.hub, self.peers = hub, peers
        self.channel = f"{settings.REDIS_PREFIX}.hub.{hub.replica_id}"
        layer = get_channel_layer()
        assert layer is not None  # the settings always define one
        self._layer = layer
        self._own_groups = own_groups
        self._joined: set[str] = set()

    async def run(self) -> None:
        """Join and leave groups until cancelled: on request, and every second to retry failures."""
        while True:
            try:
                await self._join_all()
                await self._leave_closed()
            except Exception:
                logger.debug("Redis did not accept a change of groups; trying again.")
            await self.hub.wait_for_join_request(settings.BUS_HEARTBEAT_SECONDS)

    def receive_ask(self, message: BusMessage) -> None:
        """Receive this replica's own join check, or a peer's request for a room's presence list."""
        if message["from"] != self.hub.replica_id:
            self.peers.send_presence_list(message)
            return
        log = self.hub.find_log(message["room"])
        if log is not None and not log.subscribed:
            log.subscribed = True
            # The sweep finds what was published before the group was joined.
            self.hub.sweeps.request_sweep()

    async def _join_all(self) -> None:
        # Hosts that did not answer in this round. Their other groups are skipped, so that groups on
        # other hosts need not wait.
        silent_hosts: set[int] = set()
        for group in self._own_groups:
            if group not in self._joined:
                await self._join(group, silent_hosts)
        for log in self.hub.followed_logs():
            group = group_for_log(log.id)
            if not log.subscribed and await self._join(group, silent_hosts):
                self.peers.ask(group, log.id)  # the join check

    async def _join(self, group: str, silent_hosts: set[int]) -> bool:
        """Join a group, or join it again. Return False if its Redis host does not answer."""
        if host_for_group(group) in silent_hosts:
            return False
        try:
            # A publish that waits for Redis may hold the lock that `group_add` needs.
            async with asyncio.timeout(2 * settings.PUBLISH_TIMEOUT_SECONDS):
                await self._layer.group_add(group, self.channel)
        except Exception:
            logger.debug("Could not join %s; trying again.", group)
            silent_hosts.add(host_for_group(group))
            return False
        self._joined.add(group)
        return True

    async def _leave_closed(self) -> None:
        # Leaving runs in the same task as joining. So if a room is opened again, its group is
        # joined after it was left.
        wanted = {*self._own_groups, *(group_for_log(log.id) for log in self.hub.followed_logs())}
        for group in self._joined - wanted:
            async with asyncio.timeout(2 * settings.PUBLISH_TIMEOUT_SECONDS):
                await self._layer.group_discard(group, self.channel)
            self._joined.discard(group)

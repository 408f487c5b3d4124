"""The layer's groups that a replica is in: its own, the place's, those of rooms open here.

`group_add` returns before Redis has seen it and fails while Redis is down, so joining is repeated
until the replica's own question came back through the group.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from hubbub.chat.publisher import group_of, host_of
from hubbub.realtime.cluster.peers import Others
from hubbub.realtime.hub import Hub

logger = logging.getLogger(__name__)


class Groups:
    def __init__(
        self, hub: Hub, others: Others, layer: Any, channel: str, own: Sequence[str]
    ) -> None:
        self.hub, self.others = hub, others
        self._layer, self._channel, self._own = layer, channel, own
        self._joined: set[str] = set()

    async def run(self) -> None:
        """Keep the replica in its groups: at once for a new room, again where it failed."""
        while True:
            self.hub.unheard.clear()
            try:
                await self._join_all()
                await self._leave_closed()
            except Exception:
                logger.debug("Redis takes no unsubscription; trying again.")
            try:
                async with asyncio.timeout(settings.BUS_HEARTBEAT_SECONDS):
                    await self.hub.unheard.wait()
            except TimeoutError:
                pass

    async def _join_all(self) -> None:
        silent: set[int] = set()  # hosts that did not answer: others must not wait for them
        for group in self._own:
            if group not in self._joined:
                await self._join(group, silent)
        for followed in self.hub.followed():
            group = group_of(followed.log)
            if not followed.heard and await self._join(group, silent):
                self.others.ask(group, followed.log)

    async def _join(self, group: str, silent: set[int]) -> bool:
        """Join a group, again where it was joined; False when its host does not answer."""
        if host_of(group) in silent:
            return False
        try:
            # The layer's own lock may be held by a publish that Redis does not answer.
            async with asyncio.timeout(2 * settings.PUBLISH_TIMEOUT_SECONDS):
                await self._layer.group_add(group, self._channel)
        except Exception:
            logger.debug("Redis takes no subscription to %s; trying again.", group)
            silent.add(host_of(group))
            return False
        self._joined.add(group)
        return True

    async def _leave_closed(self) -> None:
        # By the task that joins: a room opened again meanwhile is joined after this.
        wanted = {*self._own, *(group_of(each.log) for each in self.hub.followed())}
        for group in self._joined - wanted:
            async with asyncio.timeout(2 * settings.PUBLISH_TIMEOUT_SECONDS):
                await self._layer.group_discard(group, self._channel)
            self._joined.discard(group)

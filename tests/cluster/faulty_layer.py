"""A channel layer as bad as Redis may be: doorbells are lost, doubled and late, at random.

Heartbeats and presence pass, so that the replicas trust it: a deaf replica reads the log anyway.
"""

import asyncio
import random
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

# A message with this in it is never heard of through the layer.
LOST = "nobody rings for this"
# One with this in it is rung for as a later version might.
LATER = "rung for by a later version"
LATE_SECONDS = 0.4


class UnrulyLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._late: set[asyncio.Task[None]] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if message["type"] not in ("log", "bumps"):
            await self._pass_on(group, message)
            return
        if LATER in str(message):
            await self._pass_on(group, message | {"type": "log.later"})
            return
        times = 0 if LOST in str(message) else random.choice((0, 1, 1, 2, 3))
        for _ in range(times):
            late = asyncio.get_running_loop().create_task(self._send_late(group, message))
            self._late.add(late)
            late.add_done_callback(self._late.discard)

    async def _send_late(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.sleep(random.random() * LATE_SECONDS)
        await self._pass_on(group, message)

    async def _pass_on(self, group: str, message: dict[str, Any]) -> None:
        await self._get_layer().group_send(group, message)

"""A channel layer that loses, repeats and delays event messages at random, as Redis can.

Heartbeats and presence get through, so that the replicas do not consider the bus lost. Otherwise
they would read the log anyway, and the tests would prove nothing.
"""

import asyncio
import random
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

# The layer never delivers an event whose text contains this.
LOST = "this event is not published"
# The layer publishes an event whose text contains this with a type from a newer version.
NEWER = "published by a newer version"
MAX_DELAY_SECONDS = 0.4


class FaultyLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._delayed: set[asyncio.Task[None]] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if message["type"] not in ("log", "bumps"):
            await self._send(group, message)
            return
        if NEWER in str(message):
            await self._send(group, message | {"type": "log.newer"})
            return
        times = 0 if LOST in str(message) else random.choice((0, 1, 1, 2, 3))
        for _ in range(times):
            delayed = asyncio.get_running_loop().create_task(self._send_later(group, message))
            self._delayed.add(delayed)
            delayed.add_done_callback(self._delayed.discard)

    async def _send_later(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.sleep(random.random() * MAX_DELAY_SECONDS)
        await self._send(group, message)

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        await self._get_layer().group_send(group, message)

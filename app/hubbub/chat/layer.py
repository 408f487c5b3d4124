"""The Redis channel layer, with two things changed: how it listens, and many messages at once.

Settings name it; the publisher uses it. A batch of sends rings for many rooms at once, and a write
to the socket for each of them costs the event loop more than all the rest of ringing.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection

logger = logging.getLogger(__name__)

UNSUBSCRIBED_SECONDS = 0.1
AGAIN_SECONDS = 1.0


class RedisLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    async def group_send_many(self, messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Send each message to its group, in order for those on one host. Raises Redis's errors.

        As `group_send` does for one (channels_redis/pubsub.py), under the same lock.
        """
        layer = self._get_layer()
        by_shard: dict[Any, list[tuple[str, bytes]]] = defaultdict(list)
        for group, message in messages:
            channel = layer._get_group_channel_name(group)
            by_shard[layer._get_shard(channel)].append((channel, self.serialize(message)))
        for shard, publishes in by_shard.items():
            async with shard._lock:
                shard._ensure_redis()
                pipeline = shard._redis.pipeline(transaction=False)
                for channel, data in publishes:
                    pipeline.publish(channel, data)
                await pipeline.execute()

    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], Host):  # just made, for this event loop
            layer._shards = [Host(shard.host, layer) for shard in layer._shards]
        return layer


class Host(RedisSingleShardConnection):  # type: ignore[misc]
    """One Redis. It is listened to until something comes: not asked ten times a second.

    A connection that the kernel gave up (ETIMEDOUT, as where a host vanished) fails to be read with
    an error that redis-py takes for the end of its own waiting: it returns nothing, at once, again
    and again, and as nothing of that waits the event loop stands still for ever. Whoever listens
    without a limit knows better: then nothing is never an answer.
    """

    async def _do_receiving(self) -> None:
        while True:
            try:
                await self._receive_next()
            except (asyncio.CancelledError, GeneratorExit):
                raise
            except BaseException:
                logger.exception("Redis cannot be listened to; trying again.")
                await asyncio.sleep(AGAIN_SECONDS)

    async def _receive_next(self) -> None:
        pubsub = self._pubsub
        if not (pubsub and pubsub.subscribed):
            await asyncio.sleep(UNSUBSCRIBED_SECONDS)
            return
        response = await pubsub.parse_response(block=True)
        if response is None:
            logger.warning("The connection to Redis was lost unnoticed; connecting again.")
            await pubsub.connection.disconnect(nowait=True)
        else:
            message = await pubsub.handle_message(response, ignore_subscribe_messages=True)
            self._receive_message(message)

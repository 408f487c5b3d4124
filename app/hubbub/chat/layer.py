"""The Redis channel layer with one thing more: many messages in one round trip.

Settings name it; the publisher uses it. A batch of sends rings for many rooms at once, and a write
to the socket for each of them costs the event loop more than all the rest of ringing.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer


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

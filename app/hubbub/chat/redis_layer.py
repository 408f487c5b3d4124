"""The Redis channel layer, with what a replica does for each message done directly.

Settings name it; the publisher uses it. The library's pools, pipelines and retries cost the event
loop more than all the rest of ringing and hearing. So what rings together goes out in one write on
a connection that is kept for it, and a message heard is taken as it comes. What is lost is opened
again at once, without the library's growing pauses. docs/decisions/0018 has the figures.
"""

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

logger = logging.getLogger(__name__)

# The latter where the kernel gave a connection up.
LOST = ConnectionError, TimeoutError
UNSUBSCRIBED_SECONDS = 0.1
AGAIN_SECONDS = 0.5


class RedisLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    async def group_send_many(self, messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Send each message to its group, in order for those on one host. Raises Redis's errors.

        What was sent may be sent twice where a connection is lost.
        """
        layer = self._get_layer()
        by_host: dict[Host, list[tuple[str, bytes]]] = defaultdict(list)
        for group, message in messages:
            channel = layer._get_group_channel_name(group)
            by_host[layer._get_shard(channel)].append((channel, self.serialize(message)))
        for host, publishes in by_host.items():
            await host.publish_many(publishes)

    async def group_discard(self, group: str, channel: str) -> None:
        """Leave a group. Raises Redis's errors; then it may be tried again."""
        layer = self._get_layer()
        try:
            await layer.group_discard(group, channel)
        except BaseException:
            # The library has forgotten it by now, and would never tell Redis.
            layer.groups.setdefault(layer._get_group_channel_name(group), set()).add(channel)
            raise

    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], Host):  # just made, for this event loop
            layer._shards = [Host(shard.host, layer) for shard in layer._shards]
        return layer


class Host(RedisSingleShardConnection):  # type: ignore[misc]
    """One Redis: a connection to publish by, and one that is listened to until something comes.

    A connection that the kernel gave up (ETIMEDOUT, as where a host vanished) fails to be read with
    an error that redis-py takes for the end of its own waiting: it returns nothing, at once, again
    and again, and as nothing of that waits the event loop stands still for ever. Whoever listens
    without a limit knows better: then nothing is never an answer.
    """

    def __init__(self, host: Any, layer: Any) -> None:
        super().__init__(host, layer)
        self._publishing: Any = None
        self._is_silent = False  # since an outage began, which is told once

    async def publish_many(self, publishes: Sequence[tuple[str, bytes]]) -> None:
        """Publish to channels, in order. Raises Redis's errors."""
        async with self._lock:
            self._ensure_redis()
            if self._publishing is None:
                self._publishing = self._redis.connection_pool.make_connection()
            with suppress(*LOST):  # it may long be over: one more try
                await self._publish_all(publishes)
                return
            await self._publish_all(publishes)

    async def flush(self) -> None:
        async with self._lock:
            if self._publishing is not None:
                await self._publishing.disconnect()
                self._publishing = None
        await super().flush()

    async def _publish_all(self, publishes: Sequence[tuple[str, bytes]]) -> None:
        connection = self._publishing
        refused: ResponseError | None = None
        try:
            await _connect(connection)
            commands = [("PUBLISH", channel, data) for channel, data in publishes]
            await connection.send_packed_command(connection.pack_commands(commands))
            for _ in publishes:
                try:
                    await connection.read_response()
                except ResponseError as error:  # of this one: the others' answers come, too
                    refused = refused or error
        except BaseException:  # given up, too: an answer must not be taken for another's
            await connection.disconnect(nowait=True)
            raise
        if refused is not None:
            raise refused

    async def _do_receiving(self) -> None:
        is_lost = False
        while True:
            try:
                if is_lost:
                    await self._connect_anew()
                    is_lost = False
                await self._receive_next()
                self._is_silent = False
            except Exception as error:
                if not self._is_silent:
                    logger.warning("Redis is not heard (%r); connecting again.", error)
                self._is_silent = is_lost = True
                await asyncio.sleep(AGAIN_SECONDS)

    async def _receive_next(self) -> None:
        pubsub = self._pubsub
        if not (pubsub and pubsub.subscribed):
            await asyncio.sleep(UNSUBSCRIBED_SECONDS)
            return
        response = await pubsub.connection.read_response(
            timeout=math.inf, disconnect_on_error=False, push_request=True
        )
        if response is None:
            raise ConnectionError("The connection was lost unnoticed.")
        if response[0] == b"message":
            self._receive_message({"channel": response[1], "data": response[2]})
        else:
            await pubsub.handle_message(response)

    async def _connect_anew(self) -> None:
        """Open the connection that is listened to again, which subscribes to all that it had."""
        async with self._lock:  # whoever subscribes may be opening it, too
            connection = self._pubsub.connection
            await connection.disconnect(nowait=True)
            await _connect(connection)


async def _connect(connection: Any) -> None:
    """Open it if it is not, trying once: `connect` would try again, later and later."""
    await connection.connect_check_health(retry_socket_connect=False)

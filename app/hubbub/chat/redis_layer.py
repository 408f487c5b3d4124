"""The Redis channel layer, with a direct path for publishing and receiving.

The settings name this layer, and the publisher uses it. The library's pools, pipelines and retries
cost the event loop more than all other work of publishing and receiving. So messages published
together are sent in one write on a separate connection, and a received message is handled as it
arrives. A lost connection is reopened immediately, without the library's growing delays.
docs/decisions/0018 has the figures.
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

# The kernel raises TimeoutError when it gives a connection up.
CONNECTION_LOST = ConnectionError, TimeoutError
UNSUBSCRIBED_SECONDS = 0.1
RECONNECT_SECONDS = 0.5


class RedisLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    async def group_send_many(self, messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Send each message to its group. Messages on the same host stay in order.

        Raises Redis's errors. If a connection is lost, messages may be sent twice.
        """
        layer = self._get_layer()
        by_host: dict[RedisHost, list[tuple[str, bytes]]] = defaultdict(list)
        for group, message in messages:
            channel = layer._get_group_channel_name(group)
            by_host[layer._get_shard(channel)].append((channel, self.serialize(message)))
        for host, publishes in by_host.items():
            await host.publish_many(publishes)

    async def group_discard(self, group: str, channel: str) -> None:
        """Leave a group. Raises Redis's errors; the caller can then try again."""
        layer = self._get_layer()
        try:
            await layer.group_discard(group, channel)
        except BaseException:
            # The library has already removed the channel from the group, and would never
            # unsubscribe in Redis.
            layer.groups.setdefault(layer._get_group_channel_name(group), set()).add(channel)
            raise

    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], RedisHost):  # the layer is new in this event loop
            layer._shards = [RedisHost(shard.host, layer) for shard in layer._shards]
        return layer


class RedisHost(RedisSingleShardConnection):  # type: ignore[misc]
    """One Redis host: one connection publishes, and one is subscribed and read without a timeout.

    When the kernel gives up a connection (ETIMEDOUT, after a host vanished), redis-py mistakes the
    error for its own read timeout: reading returns None immediately, again and again, and since
    nothing waits, the event loop would hang forever. This class reads without a timeout, so None
    always means that the connection is lost.
    """

    def __init__(self, host: Any, layer: Any) -> None:
        super().__init__(host, layer)
        self._publishing: Any = None
        self._is_outage_logged = False  # an outage is logged once

    async def publish_many(self, publishes: Sequence[tuple[str, bytes]]) -> None:
        """Publish messages to channels, in order. Raises Redis's errors."""
        async with self._lock:
            self._ensure_redis()
            if self._publishing is None:
                self._publishing = self._redis.connection_pool.make_connection()
            # The connection may have been lost long ago, so try a second time on a new one.
            with suppress(*CONNECTION_LOST):
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
                # The error concerns only this message, so read the other answers too.
                except ResponseError as error:
                    refused = refused or error
        except BaseException:  # includes cancellation: the next caller must not read this answer
            await connection.disconnect(nowait=True)
            raise
        if refused is not None:
            raise refused

    async def _do_receiving(self) -> None:
        is_lost = False
        while True:
            try:
                if is_lost:
                    await self._reconnect()
                    is_lost = False
                await self._receive_next()
                self._is_outage_logged = False
            except Exception as error:
                if not self._is_outage_logged:
                    logger.warning("Lost the connection to Redis (%r). Reconnecting.", error)
                self._is_outage_logged = is_lost = True
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _receive_next(self) -> None:
        pubsub = self._pubsub
        if not (pubsub and pubsub.subscribed):
            await asyncio.sleep(UNSUBSCRIBED_SECONDS)
            return
        response = await pubsub.connection.read_response(
            timeout=math.inf, disconnect_on_error=False, push_request=True
        )
        if response is None:
            raise ConnectionError("The connection was lost.")
        if response[0] == b"message":
            self._receive_message({"channel": response[1], "data": response[2]})
        else:
            await pubsub.handle_message(response)

    async def _reconnect(self) -> None:
        """Reopen the subscribed connection, which restores all its subscriptions."""
        async with self._lock:  # a task that subscribes may be opening the connection, too
            connection = self._pubsub.connection
            await connection.disconnect(nowait=True)
            await _connect(connection)


async def _connect(connection: Any) -> None:
    """Open a connection if it is closed. Try once: `connect` would retry with growing delays."""
    await connection.connect_check_health(retry_socket_connect=False)

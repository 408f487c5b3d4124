"""The publish queue: messages of one process that wait to be published through one Redis host.

`Publisher` has a queue for each host, so that a host that does not answer does not delay the
others. The queue is bounded. A message that does not fit, or takes longer than
PUBLISH_TIMEOUT_SECONDS, is dropped and counted: replicas read the events from the log instead.
"""

import asyncio
import logging
from collections import deque
from typing import Any, TypeAlias

from channels.layers import get_channel_layer
from django.conf import settings

from hubbub.chat.redis_layer import RedisLayer
from hubbub.observability import metrics
from hubbub.observability.logs import empty_context

logger = logging.getLogger(__name__)

# The most messages that one round trip to Redis sends: enough for a batch of sends, and few in
# bytes.
MAX_MESSAGES_PER_ROUND_TRIP = 100

BusMessage: TypeAlias = dict[str, Any]
QueuedMessage: TypeAlias = tuple[str, BusMessage]  # the group, and the message for it


class PublishQueue:
    def __init__(self) -> None:
        self._messages: deque[QueuedMessage] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False  # whether the last publish failed

    @property
    def running_task(self) -> "asyncio.Task[None] | None":
        """The task that publishes the queue, if one is running."""
        return None if self._task is None or self._task.done() else self._task

    def add(self, group: str, message: BusMessage) -> bool:
        """Queue a message, from any thread; if the queue is full, drop it and return False."""
        if len(self._messages) >= settings.PUBLISH_QUEUE_MAX:
            metrics.publishes_dropped.inc()
            return False
        self._messages.append((group, message))
        return True

    def start_publishing(self) -> None:
        """Start a task in the running loop that publishes the queue, unless one already does so."""
        if self._messages and self.running_task is None:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._publish_all(), context=empty_context())

    def forget_task(self) -> None:
        """Forget the task of a loop that has ended, such as the loop of the parent process."""
        self._task = None

    async def _publish_all(self) -> None:
        layer = get_channel_layer()
        assert layer is not None  # the settings always configure a layer
        while self._messages:
            count = min(len(self._messages), MAX_MESSAGES_PER_ROUND_TRIP)
            messages = [self._messages.popleft() for _ in range(count)]
            try:
                async with asyncio.timeout(settings.PUBLISH_TIMEOUT_SECONDS):
                    await _send(layer, messages)
                self._is_failing = False
            except Exception as error:
                metrics.publishes_dropped.inc(len(messages))
                self._log_failure(error)

    def _log_failure(self, error: Exception) -> None:
        if not self._is_failing:  # log each outage once
            logger.warning("Can't publish to Redis (%r). Replicas read the log instead.", error)
        self._is_failing = True


async def _send(layer: Any, messages: list[QueuedMessage]) -> None:
    if isinstance(layer, RedisLayer):
        await layer.group_send_many(messages)
        return
    for group, message in messages:
        await layer.group_send(group, message)

"""The doorbell: one publisher per process tells every replica of new events through Redis.

Redis is never the truth: what is dropped here is read from the log by whoever misses it, within
seconds. So no caller waits: `ring` and `bump` put into a bounded queue from any thread, and one
long-lived event loop publishes what waits together, one second at most for each round trip. That
loop is the hub's where there is one (the in-memory layer lives on it), else a thread of its own,
started at first use and so after gunicorn's fork.
"""

import asyncio
import logging
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from channels.layers import get_channel_layer
from channels_redis.utils import _consistent_hash
from django.conf import settings

from hubbub.chat.redis_layer import RedisLayer
from hubbub.observability import metrics
from hubbub.observability.logs import about_nobody

if TYPE_CHECKING:
    from hubbub.chat.events import Entry

logger = logging.getLogger(__name__)

WORKSPACE_GROUP = "place"
# Messages in one round trip to Redis: enough for a batch of sends, and small ones in bytes.
AT_ONCE = 100


def group_of(log: int) -> str:
    """Return the name of the layer's group in which a log's doorbell rings."""
    return f"room.{log}" if log else WORKSPACE_GROUP


def host_of(group: str) -> int:
    """Return the index of the Redis host that carries a group: the layer spreads them by a hash."""
    hosts = len(settings.REDIS_HOSTS)
    if hosts < 2:
        return 0
    return int(_consistent_hash(f"{settings.REDIS_PREFIX}__group__{group}", hosts))


class Publisher:
    def __init__(self) -> None:
        # By host of the layer: one that does not answer must not delay the others.
        self._queues: dict[int, deque[tuple[str, dict[str, Any]]]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._away: set[int] = set()  # hosts that did not take the last messages
        self._bumps: dict[int, tuple[int, int]] = {}  # room: (seq, number), waiting to be told
        self._bumped: dict[int, float] = {}  # room: when its last bump was told (monotonic)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._woken = False  # whether the loop will look at what waits

    def ring(self, log: int, entries: "list[Entry]") -> None:
        """Tell all replicas of entries just committed to a log. Never waits, never raises."""
        message = {
            "type": "log",
            "log": log,
            "entries": [tuple(entry) for entry in entries],
            "at": time.time(),
        }
        self.publish(group_of(log), message)

    def bump(self, room_id: int, seq: int, number: int) -> None:
        """Tell all replicas that a room has news: at most once a second for each room."""
        with self._lock:
            self._bumps[room_id] = (seq, number)
        self._wake()

    def publish(self, group: str, message: dict[str, Any]) -> None:
        """Queue any message of the layer; beyond the queue's bound it is dropped and counted."""
        with self._lock:
            queue = self._queues.setdefault(host_of(group), deque())
            if len(queue) >= settings.PUBLISH_QUEUE_MAX:
                metrics.publishes_dropped.inc()
                return
            queue.append((group, message))
        self._wake()

    def adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Publish on `loop` from now on: called by the hub, on that loop."""
        self._loop, self._pid = loop, os.getpid()
        self._begin()

    async def finish(self) -> None:
        """Wait until what was queued is published or given up; on the loop that publishes."""
        self._begin()
        while waited_for := [task for task in self._tasks.values() if not task.done()]:
            await asyncio.wait(waited_for)

    def _wake(self) -> None:
        """Have the loop look at what waits: once for whatever is put in until it does."""
        loop = self._running_loop()
        if asyncio._get_running_loop() is loop:
            self._begin()
            return
        with self._lock:
            woken, self._woken = self._woken, True
        if woken:
            return
        try:
            loop.call_soon_threadsafe(self._begin)
        except RuntimeError:  # the process is going down and its loop is closed
            self._woken = False

    def _begin(self) -> None:
        self._woken = False  # first: what comes from now on wakes the loop again
        self._flush_bumps()
        self._work()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._loop.is_closed() or self._pid != os.getpid():
                self._loop, self._pid = asyncio.new_event_loop(), os.getpid()
                self._tasks, self._woken = {}, False
                threading.Thread(
                    target=self._loop.run_forever, name="publisher", daemon=True
                ).start()
            return self._loop

    def _work(self) -> None:
        for host, queue in list(self._queues.items()):
            task = self._tasks.get(host)
            if queue and (task is None or task.done()):
                loop = asyncio.get_running_loop()
                self._tasks[host] = loop.create_task(
                    self._publish_all(host, queue), context=about_nobody()
                )

    async def _publish_all(self, host: int, queue: deque[tuple[str, dict[str, Any]]]) -> None:
        layer = get_channel_layer()
        assert layer is not None  # the settings always name one
        while queue:
            messages = [queue.popleft() for _ in range(min(len(queue), AT_ONCE))]
            try:
                async with asyncio.timeout(settings.PUBLISH_TIMEOUT_SECONDS):
                    await _send(layer, messages)
                self._away.discard(host)
            except Exception as error:
                metrics.publishes_dropped.inc(len(messages))
                self._note_away(host, error)

    def _note_away(self, host: int, error: Exception) -> None:
        if host not in self._away:  # once for each outage
            logger.warning("Redis does not take messages (%r): replicas read the log.", error)
        self._away.add(host)

    def _flush_bumps(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [
                room
                for room in self._bumps
                if now - self._bumped.get(room, -10.0) >= settings.BUMP_INTERVAL_SECONDS
            ]
            bumps = [(room, *self._bumps.pop(room)) for room in due]
        if bumps:
            self._bumped.update(dict.fromkeys(due, now))
            self.publish(WORKSPACE_GROUP, {"type": "bumps", "bumps": bumps})
            # Whatever came too soon after the last bump is told when its second is over.
            asyncio.get_running_loop().call_later(settings.BUMP_INTERVAL_SECONDS, self._flush_bumps)
            self._forget_old(now)

    def _forget_old(self, now: float) -> None:
        if len(self._bumped) > 10_000:
            self._bumped = {
                room: at
                for room, at in self._bumped.items()
                if now - at < settings.BUMP_INTERVAL_SECONDS
            }


async def _send(layer: Any, messages: list[tuple[str, dict[str, Any]]]) -> None:
    if isinstance(layer, RedisLayer):
        await layer.group_send_many(messages)
        return
    for group, message in messages:
        await layer.group_send(group, message)


publisher = Publisher()

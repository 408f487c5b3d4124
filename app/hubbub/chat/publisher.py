"""Publishes events on the bus. Each process has one publisher, which sends messages to replicas.

Messages on the bus are only hints. A replica that misses one reads the event from the log within
seconds, so publishing never makes a caller wait: any thread adds to a bounded queue, and one
long-lived event loop sends what has queued up. A round trip that takes longer than
PUBLISH_TIMEOUT_SECONDS is given up. In a replica that loop is the hub's, because the in-memory
channel layer belongs to it. Elsewhere the loop has its own thread, which starts at the first use
and so after gunicorn's fork.
"""

import asyncio
import os
import threading
import time
from collections.abc import Sequence

from channels_redis.utils import _consistent_hash
from django.conf import settings

from hubbub.chat.log_entries import LogEntry
from hubbub.chat.publish_queue import BusMessage, PublishQueue

WORKSPACE_GROUP = "place"
# How many rooms' last bumps are remembered before old ones are dropped.
MAX_BUMP_TIMES = 10_000


def group_for_log(log: int) -> str:
    """Return the channel-layer group on which a log's entries are published."""
    return f"room.{log}" if log else WORKSPACE_GROUP


def host_for_group(group: str) -> int:
    """Return the index of the Redis host that carries a group. The layer spreads them by a hash."""
    hosts = len(settings.REDIS_HOSTS)
    if hosts < 2:
        return 0
    return int(_consistent_hash(f"{settings.REDIS_PREFIX}__group__{group}", hosts))


class Publisher:
    def __init__(self) -> None:
        self._queues: dict[int, PublishQueue] = {}  # by the index of the Redis host
        self._pending_bumps: dict[int, tuple[int, int]] = {}  # room: (seq, number)
        self._bump_times: dict[int, float] = {}  # room: when its last bump was queued (monotonic)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._is_scheduled = False  # whether the loop will send what is queued

    def publish_entries(self, log: int, entries: Sequence[LogEntry]) -> None:
        """Publish entries that were just committed to a log. Never waits, never raises."""
        message = {
            "type": "log",
            "log": log,
            "entries": [tuple(entry) for entry in entries],
            "at": time.time(),
        }
        self.publish(group_for_log(log), message)

    def publish_bump(self, room_id: int, seq: int, number: int) -> None:
        """Notify all replicas that a room has new events, once per BUMP_INTERVAL_SECONDS."""
        with self._lock:
            self._pending_bumps[room_id] = (seq, number)
        self._schedule()

    def publish(self, group: str, message: BusMessage) -> None:
        """Queue a channel-layer message. When the queue is full, drop the message and count it."""
        with self._lock:
            queue = self._queues.setdefault(host_for_group(group), PublishQueue())
            is_queued = queue.add(group, message)
        if is_queued:
            self._schedule()

    def use_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Publish on `loop` from now on. A replica calls this on that loop when it starts."""
        self._loop, self._pid = loop, os.getpid()
        self._send_queued()

    async def flush(self) -> None:
        """Wait until every queued message is published or dropped. Call it on the same loop."""
        self._send_queued()
        while running := self._running_tasks():
            await asyncio.wait(running)

    def _running_tasks(self) -> list[asyncio.Task[None]]:
        queues = list(self._queues.values())  # other threads add queues
        return [task for queue in queues if (task := queue.running_task)]

    def _schedule(self) -> None:
        """Make the loop send what is queued. Messages queued before it does so need no new call."""
        loop = self._get_loop()
        if asyncio._get_running_loop() is loop:
            self._send_queued()
            return
        with self._lock:
            was_scheduled, self._is_scheduled = self._is_scheduled, True
        if was_scheduled:
            return
        try:
            loop.call_soon_threadsafe(self._send_queued)
        except RuntimeError:  # the process is shutting down and its loop is closed
            self._is_scheduled = False

    def _send_queued(self) -> None:
        # Clear this first: a message queued from here on needs a new call.
        self._is_scheduled = False
        self._flush_bumps()
        for queue in list(self._queues.values()):
            queue.start_publishing()

    def _get_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._loop.is_closed() or self._pid != os.getpid():
                self._loop, self._pid = asyncio.new_event_loop(), os.getpid()
                self._is_scheduled = False
                for queue in self._queues.values():
                    queue.forget_task()
                threading.Thread(
                    target=self._loop.run_forever, name="publisher", daemon=True
                ).start()
            return self._loop

    def _flush_bumps(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [
                room
                for room in self._pending_bumps
                if now - self._bump_times.get(room, -10.0) >= settings.BUMP_INTERVAL_SECONDS
            ]
            bumps = [(room, *self._pending_bumps.pop(room)) for room in due]
        if bumps:
            self._bump_times.update(dict.fromkeys(due, now))
            self.publish(WORKSPACE_GROUP, {"type": "bumps", "bumps": bumps})
            # Bumps that came too soon after these are published when the interval is over.
            asyncio.get_running_loop().call_later(settings.BUMP_INTERVAL_SECONDS, self._flush_bumps)
            self._remove_old_bump_times(now)

    def _remove_old_bump_times(self, now: float) -> None:
        if len(self._bump_times) > MAX_BUMP_TIMES:
            self._bump_times = {
                room: at
                for room, at in self._bump_times.items()
                if now - at < settings.BUMP_INTERVAL_SECONDS
            }


publisher = Publisher()

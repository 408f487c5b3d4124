"""A replica: the hub of this process with all that works for it.

Our server begins it when it starts to listen; under any other the first socket does. Whoever ends a
replica on purpose drains it first (`drain`).
"""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from weakref import WeakKeyDictionary

from django.conf import settings

from hubbub.chat.publisher import publisher
from hubbub.observability.logs import about_nobody
from hubbub.realtime.cluster.bus import Doorbell
from hubbub.realtime.commands.read_marks import ReadMarkBuffer
from hubbub.realtime.connections import revalidation
from hubbub.realtime.connections.expiry import ConnectionExpiry
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, close_all_connections
from hubbub.realtime.delivery.catch_up import Follower
from hubbub.realtime.delivery.local_rooms import OpenRoom
from hubbub.realtime.hub import Hub
from hubbub.realtime.protocol.messages import frame
from hubbub.realtime.telemetry.latency import measure_loop_lag
from hubbub.realtime.telemetry.traffic_recorder import start_recorder

logger = logging.getLogger(__name__)

# How long a busy event loop keeps the interpreter from the writer, which asks for it after each
# round trip to the database. Python's default is five times as long: the slowest sends show it.
SWITCH_SECONDS = 0.001
START_RETRY_SECONDS = 0.5


class Replica:
    def __init__(self) -> None:
        self.hub = Hub()
        self.doorbell = Doorbell(self.hub)
        self.follower = Follower(self.hub, self.doorbell)
        self.hub.traffic_observer = self.recorder = start_recorder(self.hub.replica)
        self.read_marks = ReadMarkBuffer()
        self.connection_expiry = ConnectionExpiry(self.hub)
        self.draining = False
        self._beginning: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()

    @property
    def started(self) -> bool:
        return bool(self._tasks)

    def begin(self) -> None:
        """Start as soon as the database answers, beside whatever else; begun once, never again."""
        if self._beginning is None:
            self._beginning = asyncio.get_running_loop().create_task(
                self._keep_starting(), context=about_nobody()
            )

    async def _keep_starting(self) -> None:
        said = ""
        while True:
            try:
                return await self.start()
            except Exception as error:  # away, or not migrated yet
                if said != (said := repr(error)):
                    logger.warning("Not started yet, trying again: %s", said)
            await asyncio.sleep(START_RETRY_SECONDS)

    async def start(self) -> None:
        """Begin to hear and follow; done already, it does nothing. Raises the database's errors."""
        async with self._starting:
            if self._tasks:
                return
            await self.follower.start()
            sys.setswitchinterval(SWITCH_SECONDS)
            publisher.adopt(asyncio.get_running_loop())
            work: list[Callable[[], Awaitable[None]]] = [
                self.doorbell.listen,
                self.doorbell.groups.run,
                self.doorbell.beat,
                self.follower.run,
                self.read_marks.run,
                partial(revalidation.run, self.hub),
                self.connection_expiry.run,
                self._announce,
                measure_loop_lag,
            ]
            if self.recorder is not None:
                work.append(self.recorder.run)
            loop = asyncio.get_running_loop()
            self._tasks = [
                loop.create_task(_keep_going(each), context=about_nobody()) for each in work
            ]

    async def stop(self) -> None:
        """End what `start` began, once sends, read marks and doorbells are out.

        Waits for Postgres as long as it takes: whoever calls limits that. For Redis only a moment:
        what it does not take, the other replicas read from the log.
        """
        await self.hub.group_commit.close()
        await self._write_marks()
        await _in_time(publisher.finish(), 2 * settings.PUBLISH_TIMEOUT_SECONDS)
        tasks = [*self._tasks, *([self._beginning] if self._beginning else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = []
        if self.recorder is not None:
            self.recorder.flush()
        await close_all_connections()

    async def _write_marks(self) -> None:
        while True:
            try:
                return await self.read_marks.flush()
            except DATABASE_UNAVAILABLE:
                await asyncio.sleep(START_RETRY_SECONDS)

    async def _announce(self) -> None:
        """Tell other replicas and local sockets who came and went, several of them at once."""
        while True:
            await asyncio.sleep(settings.PRESENCE_FLUSH_SECONDS)
            dirty, self.hub.presence_dirty = self.hub.presence_dirty, set()
            for room_id in dirty:
                room = self.hub.rooms.get(room_id)
                if room is None:
                    continue
                self.hub.tell_presence(room)
                if not self._announce_room(room, time.monotonic()):
                    self.hub.presence_dirty.add(room_id)

    def _announce_room(self, room: OpenRoom, now: float) -> bool:
        """Announce a room's changes; False where a large room was announced just now."""
        too_soon = now - room.announced_at < settings.PRESENCE_COUNT_SECONDS
        if too_soon and room.presence.counted:
            return False
        change = room.presence.announce()
        if change is None:
            return True
        room.announced_at = now
        joined = [{"id": id, "name": name} for id, name in change.joined.items()]
        text = frame(
            "presence.changed",
            room=room.log,
            joined=joined,
            left=change.left,
            online_count=change.online,
        )
        room.fan_out.add(text)
        room.fan_out.flush()
        return True


async def _in_time(work: Awaitable[None], seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work


async def _keep_going(work: Callable[[], Awaitable[None]]) -> None:
    """Run what never ends; begin it again should it fail: without it this replica goes deaf."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("What a replica does all the time failed; it goes on.")
            await asyncio.sleep(1)


_replicas: "WeakKeyDictionary[asyncio.AbstractEventLoop, Replica]" = WeakKeyDictionary()


def this_replica() -> Replica:
    """Return the replica of the running event loop; there is one in a process that serves."""
    loop = asyncio.get_running_loop()
    if loop not in _replicas:
        _replicas[loop] = Replica()
    return _replicas[loop]

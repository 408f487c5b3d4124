"""A replica: the hub of this process and everything that runs for the hub.

Our server starts the replica when it starts to listen; with other servers, the first connection
starts it. To shut it down, call `drain`, which calls `stop`.
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
from hubbub.observability.logs import empty_context
from hubbub.realtime.catch_up.catch_up import CatchUp
from hubbub.realtime.cluster import presence_publisher
from hubbub.realtime.cluster.bus import Bus
from hubbub.realtime.cluster.group_subscriptions import GroupSubscriptions
from hubbub.realtime.cluster.heartbeats import Heartbeats
from hubbub.realtime.cluster.peer_presence import Peers, replica_group
from hubbub.realtime.commands.group_commit import GroupCommit
from hubbub.realtime.commands.read_mark_buffer import ReadMarkBuffer
from hubbub.realtime.commands.services import CommandServices
from hubbub.realtime.connections import revalidation
from hubbub.realtime.connections.expiry import ConnectionExpiry
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, close_all_connections
from hubbub.realtime.hub import Hub
from hubbub.realtime.telemetry.latency import measure_loop_lag
from hubbub.realtime.telemetry.traffic_recorder import start_recorder

logger = logging.getLogger(__name__)

# The GIL switch interval: how long a busy event loop may hold the GIL while the group-commit thread
# waits for it. The thread does so after each round trip to the database. With Python's default of
# 5 ms the slowest sends took longer.
SWITCH_SECONDS = 0.001
START_RETRY_SECONDS = 0.5
TASK_RESTART_SECONDS = 1.0


class Replica:
    def __init__(self) -> None:
        self.hub = Hub()
        self.peers = Peers(self.hub)
        self.heartbeats = Heartbeats(self.hub, self.peers)
        own_groups = [replica_group(self.hub.replica_id), *self.heartbeats.groups]
        self.group_subscriptions = GroupSubscriptions(self.hub, self.peers, own_groups)
        self.bus = Bus(self.hub, self.peers, self.heartbeats, self.group_subscriptions)
        self.catch_up = CatchUp(self.hub, self.heartbeats.is_bus_lost)
        self.group_commit = GroupCommit()
        self.read_marks = ReadMarkBuffer()
        self.command_services = CommandServices(
            self.hub, self.catch_up, self.group_commit, self.read_marks
        )
        self.connection_expiry = ConnectionExpiry(self.hub.connections)
        self.hub.traffic_observer = self.recorder = start_recorder(self.hub.replica_id)
        self.draining = False
        self._start_task: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._start_lock = asyncio.Lock()

    @property
    def started(self) -> bool:
        return bool(self._tasks)

    def start_in_background(self) -> None:
        """Start the replica as soon as the database answers. Further calls do nothing."""
        if self._start_task is None:
            self._start_task = asyncio.get_running_loop().create_task(
                self._retry_start(), context=empty_context()
            )

    async def start(self) -> None:
        """Start following the logs. Do nothing if the replica has started already.

        Raises the database's errors.
        """
        async with self._start_lock:
            if self._tasks:
                return
            await self.catch_up.start()
            sys.setswitchinterval(SWITCH_SECONDS)
            loop = asyncio.get_running_loop()
            publisher.use_loop(loop)
            self._tasks = [
                loop.create_task(_run_forever(each), context=empty_context())
                for each in self._background_work()
            ]

    async def stop(self) -> None:
        """Write the remaining sends, read marks and bus messages, then stop the background tasks.

        The wait for Postgres has no limit, so the caller must set one. The wait for Redis is short:
        events that Redis does not accept are read from the logs by the other replicas.
        """
        await self.group_commit.close()
        await self._flush_read_marks()
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * settings.PUBLISH_TIMEOUT_SECONDS):
                await publisher.flush()
        tasks = [*self._tasks, *([self._start_task] if self._start_task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = []
        if self.recorder is not None:
            self.recorder.flush()
        await close_all_connections()

    async def _retry_start(self) -> None:
        logged = ""
        while True:
            try:
                return await self.start()
            except Exception as error:  # the database is unavailable, or not migrated yet
                if logged != (logged := repr(error)):
                    logger.warning("Could not start yet, trying again: %s", logged)
            await asyncio.sleep(START_RETRY_SECONDS)

    def _background_work(self) -> list[Callable[[], Awaitable[None]]]:
        work: list[Callable[[], Awaitable[None]]] = [
            self.bus.listen,
            self.group_subscriptions.run,
            self.heartbeats.run,
            self.catch_up.run,
            partial(presence_publisher.run, self.hub),
            partial(_close_idle_rooms, self.hub),
            self.read_marks.run,
            partial(revalidation.run, self.hub.connections),
            self.connection_expiry.run,
            measure_loop_lag,
        ]
        if self.recorder is not None:
            work.append(self.recorder.run)
        return work

    async def _flush_read_marks(self) -> None:
        while True:
            try:
                return await self.read_marks.flush()
            except DATABASE_UNAVAILABLE:
                await asyncio.sleep(START_RETRY_SECONDS)


async def _close_idle_rooms(hub: Hub) -> None:
    while True:
        hub.close_idle_rooms(time.monotonic())
        await asyncio.sleep(settings.BUS_HEARTBEAT_SECONDS)


async def _run_forever(work: Callable[[], Awaitable[None]]) -> None:
    """Run a background task, and restart it if it fails: without it, the replica does not work."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("A background task of the replica failed; restarting it.")
            await asyncio.sleep(TASK_RESTART_SECONDS)


_replicas: "WeakKeyDictionary[asyncio.AbstractEventLoop, Replica]" = WeakKeyDictionary()


def this_replica() -> Replica:
    """Return the replica of the running event loop. A process that serves has exactly one."""
    loop = asyncio.get_running_loop()
    if loop not in _replicas:
        _replicas[loop] = Replica()
    return _replicas[loop]

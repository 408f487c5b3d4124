"""Reading what the doorbell did not bring: the hub's way to the logs.

Every two seconds the newest seqs of all logs are asked for in one go; more often for those of a
Redis host that this replica does not hear. What is lacking is read from the log, which is the
truth. Here a restored database is noticed, too.
"""

import asyncio
import logging
import time
from contextlib import suppress

from django.conf import settings

from hubbub.chat.events import WORKSPACE_LOG, read_log
from hubbub.chat.log_positions import Heads, read_heads, renew_epoch
from hubbub.observability import metrics
from hubbub.realtime.cluster.bus import Doorbell
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_log_query
from hubbub.realtime.delivery.local_rooms import Followed
from hubbub.realtime.hub import Hub

logger = logging.getLogger(__name__)

PAGE_EVENTS = 500
# Logs that are read at the same time: the pool's threads are for handshakes, too.
READERS = 2
# Between sweeps while another version rings for everything.
PACE_SECONDS = 0.05


class LogCut(Exception):
    """A log lacks what should follow: it was pruned there, or the database was restored."""


class Follower:
    def __init__(self, hub: Hub, doorbell: Doorbell) -> None:
        self.hub, self.doorbell = hub, doorbell
        self._ticks = 0
        self._readers = asyncio.Semaphore(READERS)

    async def start(self) -> None:
        """Begin at the end of the place's log. Raises the database's errors."""
        heads = await run_log_query(read_heads, ())
        self._begin(heads)

    async def catch_up(self, followed: Followed, seq: int) -> None:
        """Read a log until its feed has come to `seq`; who asks at once shares the reading.

        Raises LogCut, and the database's errors.
        """
        if not _is_behind(followed, seq):
            return
        async with followed.reading:
            while followed.feed.seq is not None and followed.feed.seq < seq:
                after = followed.feed.seq
                entries = await run_log_query(read_log, followed.log, after, PAGE_EVENTS)
                self.hub.take(followed, entries)
                if followed.feed.seq == after:
                    raise LogCut

    async def run(self) -> None:
        """Sweep for ever; the database being away is no reason to stop."""
        while True:
            try:
                async with asyncio.timeout(settings.BUS_LOST_SWEEP_SECONDS):
                    await self.hub.wake.wait()
            except TimeoutError:
                pass
            try:
                await self._sweep()
            except DATABASE_UNAVAILABLE:
                logger.debug("The database does not answer; sweeping goes on.")
                await asyncio.sleep(settings.BUS_LOST_SWEEP_SECONDS)
                self.hub.wake.set()  # all of it, as soon as it answers again
            except Exception:
                logger.exception("A sweep failed.")

    async def _sweep(self) -> None:
        every = round(settings.SWEEP_SECONDS / settings.BUS_LOST_SWEEP_SECONDS)
        whole = self.hub.wake.is_set() or self._ticks % every == 0
        self.hub.wake.clear()
        at_once = self.hub.misunderstood.is_set()
        self.hub.misunderstood.clear()
        self._ticks += 1
        followed = self.hub.followed()
        due = followed if whole else [each for each in followed if self._is_deaf(each)]
        if not due:
            return
        before = {each: each.feed.seq for each in due}
        rooms = {each.log for each in due} - {WORKSPACE_LOG}
        others = self.hub.members.keys() if whole else ()
        heads = await run_log_query(read_heads, rooms | set(others))
        await self._compare(before, heads, at_once)
        if at_once:
            await asyncio.sleep(PACE_SECONDS)

    def _is_deaf(self, followed: Followed) -> bool:
        return not followed.heard or self.doorbell.is_deaf(followed.host)

    async def _compare(
        self, before: dict[Followed, int | None], heads: Heads, at_once: bool
    ) -> None:
        if self.hub.epoch and heads.epoch != self.hub.epoch:
            await self._restart("the database is another one")
            return
        if not self.hub.epoch:
            self._begin(heads)
        ends = {log: seq for log, (seq, _) in heads.rooms.items()} | {WORKSPACE_LOG: heads.place}
        for followed, seq in before.items():
            if seq is not None and seq > ends.get(followed.log, -1):
                await run_log_query(renew_epoch, self.hub.epoch)
                await self._restart(f"log {followed.log} went back")
                return
        await self._read_lacking({each: ends.get(each.log, 0) for each in before}, at_once)
        self._bump(heads)

    async def _read_lacking(self, ends: dict[Followed, int], at_once: bool) -> None:
        """Read what the feeds lack of their logs; those that are rung for after a moment.

        Under load a doorbell is always on its way for every busy room: reading what it brings
        anyway would cost more than writing it did.
        """
        deaf = [each for each in ends if at_once or self._is_deaf(each)]
        await asyncio.gather(*(self._read(each, ends[each], at_once) for each in deaf))
        behind = [each for each in ends if _is_behind(each, ends[each]) and each not in deaf]
        if behind:
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.BUS_GRACE_SECONDS):
                    await self.hub.misunderstood.wait()
            await asyncio.gather(*(self._read(each, ends[each], False) for each in behind))

    async def _read(self, followed: Followed, seq: int, at_once: bool) -> None:
        if not _is_behind(followed, seq):
            return
        if self._is_deaf(followed):
            metrics.gap_bus_lost.inc()
        else:
            (metrics.gap_unknown if at_once else metrics.gap_lost).inc()
        async with self._readers:
            try:
                await self.catch_up(followed, seq)
            except LogCut:
                await self._restart(f"log {followed.log} has a hole")

    def _bump(self, heads: Heads) -> None:
        for room_id, (seq, number) in heads.rooms.items():
            self.hub.bump(room_id, seq, number)

    async def _restart(self, why: str) -> None:
        logger.warning("The log began anew (%s): all sockets come again.", why)
        self.hub.restart()
        self._begin(await run_log_query(read_heads, ()))

    def _begin(self, heads: Heads) -> None:
        self.hub.epoch = heads.epoch
        self.hub.deliver(self.hub.place, self.hub.place.feed.start(heads.place, time.monotonic()))


def _is_behind(followed: Followed, seq: int) -> bool:
    return followed.feed.seq is not None and followed.feed.seq < seq

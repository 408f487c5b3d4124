"""Reads from the logs what the bus did not deliver. The logs in the database are the truth.

Every two seconds a sweep compares all followed logs with the database, in one query. Logs that the
bus cannot deliver to are compared twice a second. `sweep_plan` decides what is read. A sweep also
notices that the database was restored, and makes all clients reconnect.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from django.conf import settings
from prometheus_client import Counter

from hubbub.chat.log_entries import read_log
from hubbub.chat.log_positions import LogPositions, read_log_positions, renew_epoch
from hubbub.observability import metrics
from hubbub.realtime.catch_up.restored_database import find_rewound_log, is_database_replaced
from hubbub.realtime.catch_up.sweep_plan import SweepPlan, log_ends, plan_reads, plan_sweep
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_log_query
from hubbub.realtime.delivery.followed_log import FollowedLog
from hubbub.realtime.delivery.unread_rooms import bump
from hubbub.realtime.hub import Hub

logger = logging.getLogger(__name__)

PAGE_EVENTS = 500
# How many logs are read at the same time. More would delay resumes, which need the same threads.
MAX_CONCURRENT_READS = 2
# The pause after a sweep that reads all logs. A replica of a newer version may send many messages
# of unknown types, and each of them requests such a sweep.
READ_ALL_PAUSE_SECONDS = 0.05


class LogTruncatedError(Exception):
    """A log has no entry where the next one should be.

    Either the entry was pruned, or the database was restored.
    """


class CatchUp:
    def __init__(self, hub: Hub, is_bus_lost: Callable[[int], bool]) -> None:
        """`is_bus_lost` takes a Redis host's index and returns whether the bus is lost there."""
        self.hub, self._is_bus_lost = hub, is_bus_lost
        self._sweep_count = 0
        self._reads = asyncio.Semaphore(MAX_CONCURRENT_READS)

    async def start(self) -> None:
        """Follow the workspace log from its current end. Raises the database's errors."""
        self._start_hub(await run_log_query(read_log_positions, ()))

    async def read_up_to(self, log: FollowedLog, seq: int) -> None:
        """Read a log and deliver its entries until it has reached `seq`.

        Callers that ask at the same time share the reading. Raises LogTruncatedError, and the
        database's errors.
        """
        if not log.is_behind(seq):
            return
        async with log.read_lock:
            while log.seq is not None and log.seq < seq:
                after = log.seq
                log.receive(await run_log_query(read_log, log.id, after, PAGE_EVENTS))
                if log.seq == after:
                    raise LogTruncatedError

    async def run(self) -> None:
        """Sweep until cancelled, even while the database is unavailable."""
        while True:
            await self.hub.sweeps.wait(settings.BUS_LOST_SWEEP_SECONDS)
            try:
                await self._sweep()
            except DATABASE_UNAVAILABLE:
                logger.debug("The database does not answer; trying again.")
                await asyncio.sleep(settings.BUS_LOST_SWEEP_SECONDS)
                self.hub.sweeps.request_sweep()  # compare all logs when the database answers
            except Exception:
                logger.exception("A sweep failed.")

    async def _sweep(self) -> None:
        plan = self._plan()
        if not plan.seqs:
            return
        positions = await run_log_query(read_log_positions, plan.room_ids)
        await self._apply(plan, positions)
        if plan.read_all:
            await asyncio.sleep(READ_ALL_PAUSE_SECONDS)

    async def _apply(self, plan: SweepPlan, positions: LogPositions) -> None:
        """Compare what was delivered with the ends of the logs, and read the missing entries."""
        if is_database_replaced(self.hub.epoch, positions):
            await self._reset("the database was replaced")
            return
        if not self.hub.epoch:
            self._start_hub(positions)
        ends = log_ends(positions)
        if (log := find_rewound_log(plan, ends)) is not None:
            await run_log_query(renew_epoch, self.hub.epoch)
            await self._reset(f"log {log.id} was rewound")
            return
        await self._read_missing(plan, ends)
        for room_id, (seq, number) in positions.rooms.items():
            bump(self.hub.connections, room_id, seq, number)

    def _plan(self) -> SweepPlan:
        is_requested, read_all = self.hub.sweeps.take()
        sweeps_per_full = round(settings.SWEEP_SECONDS / settings.BUS_LOST_SWEEP_SECONDS)
        is_full = is_requested or self._sweep_count % sweeps_per_full == 0
        self._sweep_count += 1
        return plan_sweep(
            self.hub.followed_logs(),
            self._unreliable_logs(),
            self.hub.connections.rooms.keys(),
            is_full=is_full,
            read_all=read_all,
        )

    def _unreliable_logs(self) -> set[FollowedLog]:
        return {log for log in self.hub.followed_logs() if self._is_unreliable(log)}

    def _is_unreliable(self, log: FollowedLog) -> bool:
        return not log.subscribed or self._is_bus_lost(log.host)

    async def _read_missing(self, plan: SweepPlan, ends: Mapping[int, int]) -> None:
        reads = plan_reads(plan, ends, self._unreliable_logs())
        cause = metrics.gap_unknown if plan.read_all else metrics.gap_lost
        await asyncio.gather(*(self._read(log, end, cause) for log, end in reads.now.items()))
        if any(log.is_behind(end) for log, end in reads.after_grace.items()):
            await self.hub.sweeps.wait_for_read_all(settings.BUS_GRACE_SECONDS)
            late = reads.after_grace.items()
            await asyncio.gather(*(self._read(log, end, metrics.gap_lost) for log, end in late))

    async def _read(self, log: FollowedLog, end: int, cause: Counter) -> None:
        if not log.is_behind(end):
            return
        (metrics.gap_bus_lost if self._is_unreliable(log) else cause).inc()
        async with self._reads:
            try:
                await self.read_up_to(log, end)
            except LogTruncatedError:
                await self._reset(f"log {log.id} is missing entries")

    async def _reset(self, reason: str) -> None:
        logger.warning("Restarting all logs (%s): all clients reconnect.", reason)
        self.hub.reset()
        self._start_hub(await run_log_query(read_log_positions, ()))

    def _start_hub(self, positions: LogPositions) -> None:
        self.hub.start(positions.epoch, positions.workspace)

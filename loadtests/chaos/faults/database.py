"""Faults that show in Postgres: the disk is full, connections end, messages have a wrong time."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Event

import psycopg

from loadtests.chaos.deployment import ChaosDeployment
from loadtests.chaos.faults.fault import Effect, FaultContext, fault
from loadtests.chaos.faults.processes import is_served_by
from loadtests.lib.servers import Replica

DISK_FULL = "No space left on device"
FILLER = "filler"
LEFT_BYTES = 4_096
MAX_ENDED = 5  # the most transactions that are ended
POLL_SECONDS, PAUSE_SECONDS = 0.002, 0.3
# Selects only transactions that have written something. When such a connection is ended, clients
# must find out whether the transaction was committed.
END_ONE = """
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = %s AND backend_type = 'client backend' AND backend_xid IS NOT NULL
            AND pid <> pg_backend_pid()
        LIMIT 1
    ) AS writing
"""
CLOCK_OFFSETS_SECONDS = (3_600, -3_600)
# A message gets its time from the clock of the replica that saves it.
COUNT_WRONG_TIMES = """
    SELECT count(*) FROM chat_message
    WHERE created_at - now() NOT BETWEEN interval '-30 minutes' AND interval '30 minutes'
"""


@fault
@asynccontextmanager
async def connections_killed(context: FaultContext) -> AsyncIterator[Effect]:
    """End connections while their transaction is open."""
    ended, over = list[int](), Event()

    async def evidence() -> str:
        return f"{sum(ended)} transactions were ended" if sum(ended) else ""

    ending = asyncio.create_task(
        asyncio.to_thread(_end_transactions, context.deployment, ended, over)
    )
    try:
        yield Effect(evidence)
    finally:
        over.set()
        await ending


def _end_transactions(deployment: ChaosDeployment, ended: list[int], over: Event) -> None:
    with psycopg.connect(deployment.postgres.url(), autocommit=True) as connection:
        while not over.is_set() and sum(ended) < MAX_ENDED:
            row = connection.execute(END_ONE, [deployment.cluster.name]).fetchone()
            assert row is not None
            ended.append(row[0])
            over.wait(PAUSE_SECONDS if row[0] else POLL_SECONDS)


@fault
@asynccontextmanager
async def disk_full(context: FaultContext) -> AsyncIterator[Effect]:
    """Fill the small disk with a file."""
    disk, log = context.deployment.disk, context.deployment.postgres.log
    assert disk is not None, "Postgres has no disk of its own"
    log_start = log.stat().st_size

    async def evidence() -> str:
        with log.open(errors="replace") as lines:
            lines.seek(log_start)
            times = lines.read().count(DISK_FULL)
        return f"Postgres logged {times} times: {DISK_FULL}" if times else ""

    try:
        await asyncio.to_thread(_fill, disk)
        yield Effect(evidence)
    finally:
        (disk / FILLER).unlink(missing_ok=True)


def _fill(disk: Path) -> None:
    """Fill a disk in several steps, because Postgres keeps writing and removing files."""
    with (disk / FILLER).open("wb") as filler:
        for _ in range(1000):
            free = os.statvfs(disk)
            free_bytes = free.f_bavail * free.f_frsize
            if free_bytes < LEFT_BYTES:
                return
            at = filler.seek(0, os.SEEK_END)
            with suppress(OSError):  # Postgres may use up the last space before `_fill` does
                os.posix_fallocate(filler.fileno(), at, free_bytes)


@fault
@asynccontextmanager
async def clock_jumps(context: FaultContext) -> AsyncIterator[Effect]:
    """Set the clock of a replica an hour ahead or back, and later set it right again.

    The replica is the one with the most clients, so that saved messages show its time.
    """
    deployment = context.deployment

    def clients_on(replica: Replica) -> int:
        return sum(one.connected and is_served_by(one, replica.pid) for one in context.clients())

    def count() -> int:
        rows = deployment.postgres.execute(COUNT_WRONG_TIMES, database=deployment.cluster.name)
        return int(rows[0][0])

    async def evidence() -> str:
        saved = await asyncio.to_thread(count) - before
        return f"{saved} messages were saved {seconds:+d} s from now" if saved > 0 else ""

    replica = max(deployment.replicas, key=clients_on)
    seconds = CLOCK_OFFSETS_SECONDS[context.victim % len(CLOCK_OFFSETS_SECONDS)]
    before = await asyncio.to_thread(count)
    replica.clock.set(seconds)
    try:
        yield Effect(evidence)
    finally:
        replica.clock.set(0)

"""Faults inside Postgres: its disk is full, or its connections end during transactions."""

import asyncio
import os
from contextlib import suppress

import psycopg

from loadtests.chaos.faults.fault import Fault, FaultContext

DISK_FULL = "No space left on device"
FILLER = "filler"
LEFT_BYTES = 4_096
MAX_ENDED = 5  # transactions
POLL_SECONDS, PAUSE_SECONDS = 0.002, 0.3
# Only transactions that have written something: clients must find out if they were committed.
END_ONE = """
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = %s AND backend_type = 'client backend' AND backend_xid IS NOT NULL
            AND pid <> pg_backend_pid()
        LIMIT 1
    ) AS writing
"""


class PostgresConnectionsKilled(Fault):
    """Connections end while their transaction is open."""

    def __init__(self, context: FaultContext, victim: int) -> None:
        super().__init__(context, victim)
        self._ended = 0
        self._task: asyncio.Task[None] | None = None
        self._over = False

    async def apply(self) -> None:
        self._task = asyncio.create_task(asyncio.to_thread(self._end_some))

    async def heal(self) -> None:
        self._over = True
        if self._task is not None:
            await self._task

    async def evidence(self) -> str:
        return f"{self._ended} transactions were ended" if self._ended else ""

    def _end_some(self) -> None:
        database = self.deployment.cluster.name
        with psycopg.connect(self.deployment.postgres.url(), autocommit=True) as connection:
            while not self._over and self._ended < MAX_ENDED:
                row = connection.execute(END_ONE, [database]).fetchone()
                assert row is not None
                self._ended += row[0]
                pause = PAUSE_SECONDS if row[0] else POLL_SECONDS
                connection.execute("SELECT pg_sleep(%s)", [pause])


class PostgresDiskFull(Fault):
    """A file fills the small disk."""

    def __init__(self, context: FaultContext, victim: int) -> None:
        super().__init__(context, victim)
        disk = self.deployment.disk
        assert disk is not None, "Postgres has no disk of its own"
        self._disk, self._log = disk, self.deployment.postgres.log
        self._log_start = 0

    async def apply(self) -> None:
        self._log_start = self._log.stat().st_size
        await asyncio.to_thread(self._fill)

    async def heal(self) -> None:
        (self._disk / FILLER).unlink(missing_ok=True)

    async def evidence(self) -> str:
        with self._log.open(errors="replace") as log:
            log.seek(self._log_start)
            times = log.read().count(DISK_FULL)
        return f"Postgres logged {times} times: {DISK_FULL}" if times else ""

    def _fill(self) -> None:
        """Fill the disk in several steps, because Postgres keeps writing and removing files."""
        with (self._disk / FILLER).open("wb") as filler:
            for _ in range(1000):
                free = os.statvfs(self._disk)
                free_bytes = free.f_bavail * free.f_frsize
                if free_bytes < LEFT_BYTES:
                    return
                at = filler.seek(0, os.SEEK_END)
                with suppress(OSError):  # Postgres took the space first
                    os.posix_fallocate(filler.fileno(), at, free_bytes)

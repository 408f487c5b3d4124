"""What happens inside Postgres: its disk fills up, its connections end in the middle of things."""

import asyncio
import os
from contextlib import suppress

import psycopg

from loadtests.chaos.faults.fault import Fault, Scene

FULL = "No space left on device"
FILLER = "filler"
KEPT_BYTES = 4_096
ENOUGH = 5  # transactions
LOOK_SECONDS = 0.002
# Of those that have written something: what becomes of it, their client has to find out.
END_ONE = """
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = %s AND backend_type = 'client backend' AND backend_xid IS NOT NULL
            AND pid <> pg_backend_pid()
        LIMIT 1
    ) AS writing
"""


class SessionsEnded(Fault):
    """Connections of writers are ended while their transaction is open."""

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self._ended = 0
        self._task: asyncio.Task[None] | None = None
        self._over = False

    async def apply(self) -> None:
        self._task = asyncio.create_task(asyncio.to_thread(self._end_some))

    async def heal(self) -> None:
        self._over = True
        if self._task is not None:
            await self._task

    async def seen(self) -> str:
        return f"{self._ended} transactions were ended" if self._ended else ""

    def _end_some(self) -> None:
        cluster = self.deployment.cluster
        with psycopg.connect(self.deployment.postgres.url(), autocommit=True) as connection:
            while not self._over and self._ended < ENOUGH:
                row = connection.execute(END_ONE, [cluster.name]).fetchone()
                assert row is not None
                self._ended += row[0]
                if row[0]:
                    connection.execute("SELECT pg_sleep(0.3)")
                connection.execute("SELECT pg_sleep(%s)", [LOOK_SECONDS])


class PostgresFull(Fault):
    """A file fills the small disk until it is healed."""

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        disk = self.deployment.disk
        assert disk is not None, "Postgres has no disk of its own"
        self._disk, self._log = disk, self.deployment.postgres.log
        self._said_before = 0

    async def apply(self) -> None:
        self._said_before = self._log.stat().st_size
        await asyncio.to_thread(self._fill)

    async def heal(self) -> None:
        (self._disk / FILLER).unlink(missing_ok=True)

    async def seen(self) -> str:
        with self._log.open(errors="replace") as log:
            log.seek(self._said_before)
            times = log.read().count(FULL)
        return f"Postgres said {times} times: {FULL}" if times else ""

    def _fill(self) -> None:
        """In several steps: Postgres writes and removes files meanwhile."""
        with (self._disk / FILLER).open("wb") as filler:
            for _ in range(1000):
                free = os.statvfs(self._disk)
                room = free.f_bavail * free.f_frsize
                if room < KEPT_BYTES:
                    return
                at = filler.seek(0, os.SEEK_END)
                with suppress(OSError):  # Postgres was faster
                    os.posix_fallocate(filler.fileno(), at, room)

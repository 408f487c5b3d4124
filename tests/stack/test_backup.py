"""A backup of a running stack, taken while users chat, restores every log."""

import asyncio
from contextlib import closing
from pathlib import Path

import psycopg

from loadtests.lib.checker import Log, read_log
from loadtests.lib.servers.stack import RunningStack
from scripts.stack.programs import find_postgres
from tests.cluster.stage import opened, sending
from tests.cluster.test_backup import MESSAGES, assert_is_prefix, run, wait_for_messages
from tests.stack.deployed_stage import DeployedStage

RESTORED = "hubbub_restored"


async def test_a_backup_of_a_running_stack_contains_every_log_without_gaps(
    stack: RunningStack, stage: DeployedStage, tmp_path: Path
) -> None:
    users = stage.users(4)
    rooms = [stage.room(users), stage.room(users)]
    clients = [stage.client(person) for person in users]
    url, dump = stack.variable("DATABASE_URL"), tmp_path / "hubbub.dump"
    async with opened(clients, rooms[0]), sending(clients, rooms, pause_seconds=0.02):
        await wait_for_messages(clients, rooms[0], MESSAGES)
        await asyncio.to_thread(postgres, "pg_dump", "--format=custom", f"--file={dump}", url)
        await wait_for_messages(clients, rooms[0], 2 * MESSAGES)
    kept = await asyncio.to_thread(restored, url, dump)
    assert_is_prefix(kept, stage.log(), rooms)


def restored(url: str, dump: Path) -> Log:
    """Restore into an empty database, as docs/operations.md says. Return the restored log."""
    new = url.rpartition("/")[0] + f"/{RESTORED}"
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {RESTORED} TEMPLATE template0")
        try:
            postgres("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={new}", str(dump))
            with closing(psycopg.connect(new)) as empty:
                return read_log(empty)
        finally:
            connection.execute(f"DROP DATABASE {RESTORED} WITH (FORCE)")


def postgres(program: str, *arguments: str) -> None:
    binaries = find_postgres()
    assert binaries
    run(str(binaries / program), *arguments)

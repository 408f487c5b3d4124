"""A backup taken under traffic restores every log without gaps into an empty database."""

import asyncio
import subprocess
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from loadtests.lib.checker import Log, read_log
from loadtests.lib.client import Client
from loadtests.lib.servers import Replica
from loadtests.lib.servers.cluster import manage
from tests.cluster.stage import Stage, bodies, opened, sending
from tests.support.probes import get

pytestmark = pytest.mark.deployment

MESSAGES = 20  # this many are sent before the backup, and as many after it
READY_SECONDS = 20


async def test_a_backup_under_traffic_has_every_log_without_gaps(
    stage: Stage, tmp_path: Path
) -> None:
    users = stage.users(4)
    rooms = [stage.room(users), stage.room(users)]
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, rooms[0]), sending(clients, rooms, pause_seconds=0.02):
        await wait_for_messages(clients, rooms[0], MESSAGES)
        await asyncio.to_thread(back_up, stage, tmp_path / "hubbub.dump")
        await wait_for_messages(clients, rooms[0], 2 * MESSAGES)
    restored = await asyncio.to_thread(restore, stage, tmp_path / "hubbub.dump")
    assert_is_prefix(restored, stage.log(), rooms)


async def wait_for_messages(clients: list[Client], room: int, count: int) -> None:
    shown = len(bodies(clients[0], room))
    await clients[0].wait_until(lambda: len(bodies(clients[0], room)) >= shown + count, within=30)


def back_up(stage: Stage, path: Path) -> None:
    """Back up the database as docs/operations.md says."""
    postgres = stage.cluster.postgres
    assert postgres
    url = postgres.url(stage.cluster.name)
    run(str(postgres.bin / "pg_dump"), "--format=custom", f"--file={path}", url)


def restore(stage: Stage, path: Path) -> Log:
    """Restore into an empty database. Check that a replica runs on it. Return the restored log."""
    postgres = stage.cluster.postgres
    assert postgres
    name = f"{stage.cluster.name}_restored"
    postgres.create_database(name, template="template0")
    try:
        run(
            *(str(postgres.bin / "pg_restore"), "--exit-on-error", "--no-owner"),
            *(f"--dbname={postgres.url(name)}", str(path)),
        )
        with closing(psycopg.connect(postgres.url(name))) as connection:
            log = read_log(connection)
        assert_serves(stage, postgres.url(name))
        return log
    finally:
        postgres.drop_database(name)


def assert_serves(stage: Stage, url: str) -> None:
    """Check that no migration is missing, and that a replica becomes ready."""
    environment = stage.cluster.environment | {"DATABASE_URL": url, "REDIS_PREFIX": "restored"}
    manage(environment, "migrate", "--check")
    with Replica(environment) as replica:
        deadline = time.monotonic() + READY_SECONDS
        while (answer := get(replica.port, "/readyz")) != (200, "ready\n"):
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)


def assert_is_prefix(restored: Log, log: Log, rooms: list[int]) -> None:
    """Check that a restored log equals the beginning of the original log."""
    assert restored.rooms.keys() == log.rooms.keys()
    for room, events in restored.rooms.items():
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert events == log.rooms[room][: len(events)]
    assert restored.messages == {id: log.messages[id] for id in restored.messages}
    for room in rooms:
        assert 0 < len(restored.rooms[room]) < len(log.rooms[room])
        created = {
            event.message for event in restored.rooms[room] if event.type == "message.created"
        }
        assert created == {message.id for message in restored.messages_of(room)}


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

"""A backup taken while people talk is restored into an empty database, each log as it was then."""

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

ENOUGH = 20  # messages before and after the backup
READY_SECONDS = 20


async def test_a_backup_of_a_place_in_use_has_every_log_whole(stage: Stage, tmp_path: Path) -> None:
    people = stage.users(4)
    rooms = [stage.room(people), stage.room(people)]
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, rooms[0]), sending(clients, rooms, pause_seconds=0.02):
        await said(clients, rooms[0], ENOUGH)
        await asyncio.to_thread(back_up, stage, tmp_path / "hubbub.dump")
        await said(clients, rooms[0], 2 * ENOUGH)
    kept = await asyncio.to_thread(restore, stage, tmp_path / "hubbub.dump")
    assert_begins(stage.log(), kept, rooms)


async def said(clients: list[Client], room: int, more: int) -> None:
    begun = len(bodies(clients[0], room))
    await clients[0].wait_until(lambda: len(bodies(clients[0], room)) >= begun + more, within=30)


def back_up(stage: Stage, path: Path) -> None:
    """As docs/operations.md says."""
    postgres = stage.cluster.postgres
    assert postgres
    url = postgres.url(stage.cluster.name)
    run(str(postgres.bin / "pg_dump"), "--format=custom", f"--file={path}", url)


def restore(stage: Stage, path: Path) -> Log:
    """Restore into an empty database; have a replica run on it, and return its log."""
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
    """Have the code find no migration missing, and a replica say that it is ready."""
    environment = stage.cluster.environment | {"DATABASE_URL": url, "REDIS_PREFIX": "restored"}
    manage(environment, "migrate", "--check")
    with Replica(environment) as replica:
        deadline = time.monotonic() + READY_SECONDS
        while (answer := get(replica.port, "/readyz")) != (200, "ready\n"):
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)


def assert_begins(log: Log, kept: Log, rooms: list[int]) -> None:
    """Hold the kept log against the one that went on: the same up to where it ends."""
    assert kept.rooms.keys() == log.rooms.keys()
    for room, events in kept.rooms.items():
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert events == log.rooms[room][: len(events)]
    assert kept.messages == {id: log.messages[id] for id in kept.messages}
    for room in rooms:
        assert 0 < len(kept.rooms[room]) < len(log.rooms[room])
        told = {event.message for event in kept.rooms[room] if event.type == "message.created"}
        assert told == {message.id for message in kept.messages_of(room)}


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

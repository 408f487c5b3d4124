"""A locked room delays only changes of that room."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.cluster.stage import Stage, opened

pytestmark = pytest.mark.deployment

# Less than the lock timeout: a command that waited for the lock would take longer.
SOON_SECONDS = 1.5
EDITS = 8  # more than the threads of any pool of a replica


async def test_edits_that_wait_for_a_locked_room_do_not_delay_connecting(stage: Stage) -> None:
    users = stage.users(2)
    locked, other = stage.room(users), stage.room(users)
    alice, bob = stage.client(users[0], 0), stage.client(users[1], 0)
    async with opened([alice], locked):
        sent = (await alice.send(locked, "first"))["message"]["id"]
        with room_locked(stage, locked):
            edits = [
                asyncio.create_task(alice.command("message.edit", message=sent, body=f"{number}"))
                for number in range(EDITS)
            ]
            async with bob:
                await bob.open(other, within=SOON_SECONDS)
                async with asyncio.timeout(SOON_SECONDS):
                    answer = await bob.send(other, "not delayed")
                assert answer["type"] == "ok"
                assert not any(edit.done() for edit in edits)
        for answer in await asyncio.gather(*edits):
            assert answer["type"] == "ok", answer
        await stage.settle(locked, [alice])
        await stage.assert_consistent([alice], left_early=[bob])


@contextmanager
def room_locked(stage: Stage, room: int) -> Iterator[None]:
    assert stage.cluster.postgres
    with psycopg.connect(stage.cluster.postgres.url(stage.cluster.name)) as connection:
        connection.execute("SELECT id FROM chat_room WHERE id = %s FOR UPDATE", [room])
        yield

"""A room that somebody keeps locked delays nobody but those who change that room."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.cluster.stage import Stage, opened

pytestmark = pytest.mark.deployment

# Less than a lock is waited for: who waited behind it would be later.
SOON_SECONDS = 1.5
EDITS = 8  # more than any pool of a replica has threads


async def test_edits_that_wait_for_a_room_keep_nobody_from_coming(stage: Stage) -> None:
    people = stage.users(2)
    locked, other = stage.room(people), stage.room(people)
    alice, bob = stage.client(people[0], 0), stage.client(people[1], 0)
    async with opened([alice], locked):
        said = (await alice.send(locked, "first"))["message"]["id"]
        with room_locked(stage, locked):
            edits = [
                asyncio.create_task(alice.command("message.edit", message=said, body=f"{number}"))
                for number in range(EDITS)
            ]
            async with bob:
                await bob.open(other, within=SOON_SECONDS)
                async with asyncio.timeout(SOON_SECONDS):
                    answer = await bob.send(other, "not kept waiting")
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

"""A locked room delays only changes of that room."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import CommandAnswered
from tests.cluster.stage import Stage, opened

pytestmark = pytest.mark.deployment

EDITS = 8  # more edits than any thread pool of a replica has threads


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
                await bob.open(other)
                answer = await bob.send(other, "not delayed")
                assert answer["type"] == "ok"
                # A command that waited behind the edits would be answered after their lock timeout.
                assert answers_to(alice, "message.edit") == []
                assert not any(edit.done() for edit in edits)
        for answer in await asyncio.gather(*edits):
            assert answer["type"] == "ok", answer
        await stage.settle(locked, [alice])
        await stage.assert_consistent([alice], left_early=[bob])


def answers_to(client: Client, command: str) -> list[CommandAnswered]:
    """Return all answers to commands of this type, even those after which the client retries."""
    entries = (one for one in client.history.entries if isinstance(one, CommandAnswered))
    return [one for one in entries if one.command["type"] == command]


@contextmanager
def room_locked(stage: Stage, room: int) -> Iterator[None]:
    assert stage.cluster.postgres
    with psycopg.connect(stage.cluster.postgres.url(stage.cluster.name)) as connection:
        connection.execute("SELECT id FROM chat_room WHERE id = %s FOR UPDATE", [room])
        yield

"""Replicas come and go while people talk: nobody is dropped, nothing is lost, sockets spread."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from loadtests.lib.client import Client
from loadtests.lib.servers.process import ROOT
from loadtests.lib.servers.stack import RunningStack
from tests.cluster.stage import opened, talking
from tests.stack.next_version import copy_code
from tests.stack.people import People

GIVE_UP_SECONDS = 5  # the protocol's: a client that has no `welcome` by then tries again


@pytest.fixture(autouse=True)
def two_replicas(stack: RunningStack) -> None:
    if len(stack.replicas()) != 2:
        stack.command("scale", "2")


async def test_replicas_are_added_and_drained_while_people_talk(
    stack: RunningStack, people: People
) -> None:
    async with _talk(people, 12) as clients:
        said = await asyncio.to_thread(stack.command, "scale", "3")
        assert "3 replicas are serving." in said
        for client in clients[:6]:
            await client.drop_connection()
        await _until_connected(clients)
        assert len(_replicas_of(clients)) == 3
        said = await asyncio.to_thread(stack.command, "scale", "1")
        assert "1 replica is serving." in said
        await _until_connected(clients)
        assert len(_replicas_of(clients)) == 1
    assert [row.name for row in stack.replicas()] == ["realtime-1"]


async def test_a_killed_replica_loses_nothing(stack: RunningStack, people: People) -> None:
    async with _talk(people, 8) as clients:
        os.kill(stack.replicas()[0].pid, signal.SIGKILL)
        began = time.monotonic()
        await _until_connected(clients)
        assert time.monotonic() - began < 5


async def test_a_stopped_replica_is_given_up_and_another_one_taken(
    stack: RunningStack, people: People
) -> None:
    """Its kernel still accepts: only the client can tell."""
    pid = stack.replicas()[0].pid
    person = people.crowd(1)[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(3):
            async with people.client(person) as client:
                await client.wait_until(lambda: client.connected, 3 * GIVE_UP_SECONDS)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("replicas", ["0", "65", "many", ""])
def test_a_silly_number_of_replicas_gets_a_sentence(stack: RunningStack, replicas: str) -> None:
    refused = stack.attempt("scale", replicas)
    assert refused.returncode == 1
    assert "must be a number from 1 to 64" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_folder_without_hubbub_is_not_deployed(stack: RunningStack, tmp_path: Path) -> None:
    refused = stack.attempt("deploy", "--root", str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr.strip() == f"{tmp_path} does not contain Hubbub."


@pytest.mark.parametrize("wrong", ["", "nonsense;"])
def test_a_deploy_that_fails_leaves_the_stack_as_it_was(
    stack: RunningStack, tmp_path: Path, wrong: str
) -> None:
    """Of a version without templates for nginx, or with some that it does not take."""
    _break_templates(copy_code(tmp_path), wrong)
    rows, configuration = stack.processes(), _configuration(stack)
    refused = stack.attempt("deploy", "--root", str(tmp_path))
    assert refused.returncode == 1
    assert "nginx" in refused.stderr
    assert f"Nothing was replaced: everything still runs the code in {ROOT}." in refused.stdout
    assert "Traceback" not in refused.stderr
    assert stack.processes() == rows
    assert _configuration(stack) == configuration
    stack.command("scale", "3")
    assert Path(psutil.Process(stack.processes()["realtime-3"].pid).cwd()) == ROOT


@asynccontextmanager
async def _talk(people: People, number: int) -> AsyncIterator[list[Client]]:
    """Have so many people talk in a room meanwhile; then hold all that they saw against the log."""
    crowd = people.crowd(number)
    room = people.room(crowd)
    clients = [people.client(person) for person in crowd]
    async with opened(clients, room):
        async with talking(clients, [room]):
            yield clients
        await people.settle(room, clients)
        await people.assert_right(clients)


def _break_templates(folder: Path, wrong: str) -> None:
    if wrong:
        with (folder / "deploy/nginx/nginx.conf.template").open("a") as template:
            template.write(wrong)
    else:
        shutil.rmtree(folder / "deploy/nginx")


def _configuration(stack: RunningStack) -> dict[str, str]:
    files = (stack.folder / "stack/nginx/conf").iterdir()
    return {file.name: file.read_text() for file in files}


async def _until_connected(clients: Sequence[Client]) -> None:
    for client in clients:
        await client.wait_until(lambda: client.connected)


def _replicas_of(clients: Sequence[Client]) -> set[str]:
    return {welcome["replica"] for client in clients if (welcome := client.protocol.welcome)}

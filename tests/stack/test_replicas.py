"""Replicas are added, drained, killed and paused while users chat; nothing is lost."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import Disconnected
from loadtests.lib.servers.process import ROOT
from loadtests.lib.servers.stack import RunningStack, wait_until
from tests.cluster.stage import opened, sending
from tests.stack.deployed_stage import DeployedStage
from tests.stack.next_version import copy_code

GIVE_UP_SECONDS = 5  # docs/protocol.md: after this time without a `welcome`, a client reconnects


@pytest.fixture(autouse=True)
def two_replicas(stack: RunningStack) -> None:
    if len(stack.replicas()) != 2:
        stack.command("scale", "2")


async def test_replicas_are_added_and_drained_while_users_chat(
    stack: RunningStack, stage: DeployedStage
) -> None:
    async with _chat(stage, 12) as clients:
        output = await asyncio.to_thread(stack.command, "scale", "3")
        assert "3 replicas are serving." in output
        for client in clients[:6]:
            await client.drop_connection()
        await _until_connected(clients)
        assert len(_replicas_of(clients)) == 3
        output = await asyncio.to_thread(stack.command, "scale", "1")
        assert "1 replica is serving." in output
        await _until_connected(clients)
        assert len(_replicas_of(clients)) == 1
    assert [row.name for row in stack.replicas()] == ["realtime-1"]


async def test_a_killed_replica_loses_nothing(stack: RunningStack, stage: DeployedStage) -> None:
    async with _chat(stage, 8) as clients:
        victim = stack.replicas()[0]
        os.kill(victim.pid, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: not psutil.pid_exists(victim.pid))
        await _until_connected(clients)
    # Each client's first attempt reached another replica, and no client had to give an attempt up.
    assert max(len(disconnects(client)) for client in clients) == 1


async def test_clients_give_up_a_paused_replica_and_connect_to_another(
    stack: RunningStack, stage: DeployedStage
) -> None:
    """The kernel still accepts the replica's connections, so only the client can notice."""
    pid = stack.replicas()[0].pid
    person = stage.users(1)[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(3):
            async with stage.client(person) as client:
                await client.wait_until(lambda: client.connected, 3 * GIVE_UP_SECONDS)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("replicas", ["0", "65", "many", ""])
def test_an_invalid_number_of_replicas_gives_an_error(stack: RunningStack, replicas: str) -> None:
    refused = stack.attempt("scale", replicas)
    assert refused.returncode == 1
    assert "must be a number from 1 to 64" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_directory_without_hubbub_is_not_deployed(stack: RunningStack, tmp_path: Path) -> None:
    refused = stack.attempt("deploy", "--root", str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr.strip() == f"{tmp_path} does not contain Hubbub."


@pytest.mark.parametrize("wrong", ["", "nonsense;"])
def test_a_failed_deploy_changes_nothing(stack: RunningStack, tmp_path: Path, wrong: str) -> None:
    """The new version has no nginx templates, or invalid ones."""
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
async def _chat(stage: DeployedStage, number: int) -> AsyncIterator[list[Client]]:
    """Have users chat during the `with` block. Then compare their histories with the log."""
    users = stage.users(number)
    room = stage.room(users)
    clients = [stage.client(person) for person in users]
    async with opened(clients, room):
        async with sending(clients, [room]):
            yield clients
        await stage.settle(room, clients)
        await stage.assert_consistent(clients)


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


def disconnects(client: Client) -> list[Disconnected]:
    """Return the end of each connection and each failed attempt to connect."""
    return [entry for entry in client.history.entries if isinstance(entry, Disconnected)]


def _replicas_of(clients: Sequence[Client]) -> set[str]:
    return {welcome["replica"] for client in clients if (welcome := client.protocol.welcome)}

"""Kills, terminates, keeps down, pauses, reloads or replaces servers."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psutil

from loadtests.chaos.faults.fault import (
    ChooseServer,
    Effect,
    FaultContext,
    disconnected_since,
    fault,
    now,
)
from loadtests.chaos.supervisor import answers, wait_until_ready
from loadtests.lib.client import Client
from loadtests.lib.client.history import Connected, History
from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import Server

END_SECONDS = 30.0
PROBE_SECONDS = 0.5
# Returns whether a client's connection goes through a process.
IsConnectedTo = Callable[[Client, int], bool]


@fault
@asynccontextmanager
async def ended(
    context: FaultContext,
    choose: ChooseServer,
    by: signal.Signals = signal.SIGKILL,
    is_connected_to: IsConnectedTo | None = None,
) -> AsyncIterator[Effect]:
    """End a server with a signal and keep it down. Restart it when the fault ends.

    With `is_connected_to`, evidence exists once clients have lost their connections through this
    server.
    """
    server = choose(context)
    pid, started = server.pid, now()
    connected = [one for one in context.clients() if one.connected]
    clients = [one for one in connected if is_connected_to and is_connected_to(one, pid)]

    async def evidence() -> str:
        gone = _gone(server, pid)
        if is_connected_to is None:
            return gone
        lost = disconnected_since(clients, started)
        return f"{gone}, {lost} connections ended with it" if gone and lost else ""

    async with context.supervisor.keeping_down(server):
        if by is signal.SIGKILL:
            await asyncio.to_thread(server.kill)
        else:
            server.send(by)
        yield Effect(evidence)


@fault
@asynccontextmanager
async def terminated(context: FaultContext, choose: ChooseServer) -> AsyncIterator[Effect]:
    """End a replica with SIGTERM, which takes a while. It is restarted as soon as it has ended."""
    server = choose(context)
    process = psutil.Process(server.pid)

    async def evidence() -> str:
        return _gone(server, process.pid)

    server.send(signal.SIGTERM)
    try:
        yield Effect(evidence)
    finally:
        await asyncio.to_thread(process.wait, END_SECONDS)
        await wait_until_ready(server)


@fault
@asynccontextmanager
async def paused(context: FaultContext, choose: ChooseServer) -> AsyncIterator[Effect]:
    server = choose(context)

    async def evidence() -> str:
        if await answers(server, PROBE_SECONDS):
            return ""
        return f"process {server.pid} did not answer for {PROBE_SECONDS:g} s"

    try:
        await asyncio.to_thread(server.pause)
        yield Effect(evidence)
    finally:
        server.resume()
        await wait_until_ready(server)


@fault
@asynccontextmanager
async def reloaded(context: FaultContext) -> AsyncIterator[Effect]:
    """Reload nginx. Old nginx workers keep their open connections; new ones accept further ones."""
    replaced = await asyncio.to_thread(context.deployment.nginx.reload)

    async def evidence() -> str:
        return f"{len(replaced)} workers were replaced" if replaced else ""

    yield Effect(evidence)


@fault
@asynccontextmanager
async def rolling_deploy(context: FaultContext) -> AsyncIterator[Effect]:
    """Replace the replicas one by one.

    A deploy cannot be undone, so this fault counts as healed once all of them are replaced.
    """
    replaced: list[Replica] = []
    deploy = asyncio.create_task(_replace_all(context, replaced))

    async def evidence() -> str:
        finished = deploy.done() and replaced and not any(one.running for one in replaced)
        return f"{len(replaced)} replicas were replaced" if finished else ""

    try:
        yield Effect(evidence)
    finally:
        await deploy


async def _replace_all(context: FaultContext, replaced: list[Replica]) -> None:
    """Replace all replicas. Each new replica serves before the replica that it replaces stops."""
    deployment, stopping = context.deployment, list[asyncio.Task[None]]()
    for old in list(deployment.replicas):
        new = deployment.new_replica(beside=old)
        await wait_until_ready(new)
        await deployment.use_replicas([new if one is old else one for one in deployment.replicas])
        replaced.append(old)
        stopping.append(asyncio.create_task(asyncio.to_thread(old.stop)))
    await asyncio.gather(*stopping)


def _gone(server: Server, pid: int) -> str:
    return "" if server.running and server.pid == pid else f"process {pid} is gone"


def is_served_by(client: Client, pid: int) -> bool:
    return process_of(client.history) == pid


def process_of(history: History) -> int | None:
    """Return the process id of the replica that a client is connected to.

    The process id is part of the replica's name, which has the form `HOST:ID`.
    """
    connected = history.newest(Connected)
    process = connected.replica.rpartition(":")[2] if connected else ""
    return int(process) if process.isdecimal() else None

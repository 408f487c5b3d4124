"""Two hundred clients chat while replicas are added, drained, killed or paused; nothing is lost."""

import asyncio
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from loadtests.lib.client import Client
from loadtests.lib.client.history import Disconnected
from loadtests.lib.servers.stack import ProcessStatus, RunningStack, wait_until
from tests.cluster.stage import elapse
from tests.stack.deployed_stage import DeployedStage
from tests.stack.traffic import Traffic, running_traffic

REPLICA_PAUSE_SECONDS = 8
REDIS_PAUSE_SECONDS = 6
# Connections are spread at random, so a replica may get less than an even share, but it must get at
# least this fraction of one.
MIN_SHARE = 0.3


async def test_nothing_is_lost_during_operations_and_faults(
    stack: RunningStack, stage: DeployedStage
) -> None:
    await asyncio.to_thread(stack.command, "scale", "2")
    output_before = len(stack.output())
    async with running_traffic(stage) as traffic:
        with traffic.during("a replica is added"):
            await add_replica(stack, traffic)
        with traffic.during("a replica is killed (SIGKILL)"):
            await kill_replica(stack, traffic)
        with traffic.during(f"a replica is paused for {REPLICA_PAUSE_SECONDS} s (SIGSTOP)"):
            await pause_replica(stack, traffic)
        with traffic.during("a replica is drained (SIGTERM)"):
            await drain_replica(stack, traffic)
        with traffic.during("nginx reloads"):
            await reload_nginx(stack, traffic)
        with traffic.during(f"Redis is paused for {REDIS_PAUSE_SECONDS} s"):
            await pause_redis(stack, traffic)
        await check_even_spread(stack, traffic)
    assert "Traceback" not in stack.output()[output_before:]


async def add_replica(stack: RunningStack, traffic: Traffic) -> None:
    await asyncio.to_thread(stack.command, "scale", "3")
    for client in traffic.clients[::4]:
        await client.drop_connection()
    await traffic.wait_until_all_reconnected()
    assert len(traffic.connections_by_replica()) == 3


async def kill_replica(stack: RunningStack, traffic: Traffic) -> None:
    victim = (await replicas_of(stack))[0]
    os.kill(victim.pid, signal.SIGKILL)
    await wait_until_restarted(stack, victim)
    await traffic.wait_until_all_reconnected()


async def pause_replica(stack: RunningStack, traffic: Traffic) -> None:
    """Pause a replica until clients have given it up, which they do after five seconds.

    The kernel still accepts the replica's connections.
    """
    with paused((await replicas_of(stack))[1].pid):
        tries = {client.name: len(closes(client)) for client in traffic.clients}
        for client in traffic.clients[::5]:
            await client.drop_connection()
        await elapse(REPLICA_PAUSE_SECONDS)
        given_up = [one for one in traffic.clients[::5] if len(closes(one)) > tries[one.name] + 1]
        assert given_up, "no client tried the paused replica"
    await traffic.wait_until_all_reconnected()


def closes(client: Client) -> list[Disconnected]:
    return [entry for entry in client.history.entries if isinstance(entry, Disconnected)]


async def drain_replica(stack: RunningStack, traffic: Traffic) -> None:
    victim = (await replicas_of(stack))[2]
    os.kill(victim.pid, signal.SIGTERM)
    await wait_until_restarted(stack, victim)
    await traffic.wait_until_all_reconnected()


async def reload_nginx(stack: RunningStack, traffic: Traffic) -> None:
    nginx = (await asyncio.to_thread(stack.processes))["nginx"]
    os.kill(nginx.pid, signal.SIGHUP)
    await traffic.wait_until_all_receive()
    for client in traffic.clients[::10]:
        await client.drop_connection()
    await traffic.wait_until_all_reconnected()


async def pause_redis(stack: RunningStack, traffic: Traffic) -> None:
    replicas, redis = await replicas_of(stack), (await asyncio.to_thread(stack.processes))["redis"]
    with paused(redis.pid):
        started = time.monotonic()
        await traffic.wait_until_all_receive()
        while time.monotonic() - started < REDIS_PAUSE_SECONDS:
            for replica in replicas:
                assert await asyncio.to_thread(is_ready, replica), "a probe failed without Redis"
            await traffic.clients[0].drop_connection()
            await traffic.clients[0].wait_until(lambda: traffic.clients[0].connected)
    await traffic.wait_until_all_reconnected()


async def check_even_spread(stack: RunningStack, traffic: Traffic) -> None:
    """Check that new connections spread over all replicas, with a fair share for each."""
    for client in traffic.clients:
        await client.drop_connection()
    await traffic.wait_until_all_reconnected()
    connections = traffic.connections_by_replica()
    assert len(connections) == len(await replicas_of(stack))
    fair = len(traffic.clients) / len(connections)
    assert min(connections.values()) > MIN_SHARE * fair, connections


async def replicas_of(stack: RunningStack) -> list[ProcessStatus]:
    """Return the stack's replicas, read in a thread so that the clients keep running."""
    return await asyncio.to_thread(stack.replicas)


async def wait_until_restarted(stack: RunningStack, victim: ProcessStatus) -> None:
    """Wait until the stack's manager has restarted the victim."""

    def is_restarted() -> bool:
        now = stack.processes()[victim.name]
        return now.pid not in (0, victim.pid) and is_ready(now)

    await asyncio.to_thread(wait_until, is_restarted, 30)


def is_ready(replica: ProcessStatus) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{replica.port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def paused(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)

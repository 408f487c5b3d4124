"""Two hundred sockets talk while replicas come, go, die and stand still; nothing is lost."""

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
from tests.stack.people import People
from tests.stack.traffic import Traffic, traffic

STANDS_STILL_SECONDS = 8
WITHOUT_REDIS_SECONDS = 6
# Of four replicas' even share: sockets are spread by chance.
FAIR_SHARE = 0.3


async def test_replicas_come_and_go_under_traffic(stack: RunningStack, people: People) -> None:
    await asyncio.to_thread(stack.command, "scale", "2")
    said_before = len(stack.output())
    async with traffic(people) as talk:
        with talk.during("a replica is added"):
            await is_added(stack, talk)
        with talk.during("a replica is killed (SIGKILL)"):
            await is_killed(stack, talk)
        with talk.during(f"a replica stands still for {STANDS_STILL_SECONDS} s (SIGSTOP)"):
            await stands_still(stack, talk)
        with talk.during("a replica is drained (SIGTERM)"):
            await is_drained(stack, talk)
        with talk.during("nginx reloads"):
            await reloads(stack, talk)
        with talk.during(f"Redis stands still for {WITHOUT_REDIS_SECONDS} s"):
            await redis_stands_still(stack, talk)
        await spreads_again(stack, talk)
    assert "Traceback" not in stack.output()[said_before:]


async def is_added(stack: RunningStack, talk: Traffic) -> None:
    await asyncio.to_thread(stack.command, "scale", "3")
    for client in talk.clients[::4]:
        await client.drop_connection()
    await talk.until_all_are_back()
    assert len(talk.sockets_by_replica()) == 3


async def is_killed(stack: RunningStack, talk: Traffic) -> None:
    victim = (await replicas_of(stack))[0]
    os.kill(victim.pid, signal.SIGKILL)
    await is_replaced(stack, victim)
    await talk.until_all_are_back()


async def stands_still(stack: RunningStack, talk: Traffic) -> None:
    """Its kernel still accepts: who comes meanwhile gives it up after five seconds."""
    with standing_still((await replicas_of(stack))[1].pid):
        tries = {client.name: len(closes(client)) for client in talk.clients}
        for client in talk.clients[::5]:
            await client.drop_connection()
        await elapse(STANDS_STILL_SECONDS)
        given_up = [one for one in talk.clients[::5] if len(closes(one)) > tries[one.name] + 1]
        assert given_up, "nobody met it"
    await talk.until_all_are_back()


def closes(client: Client) -> list[Disconnected]:
    return [entry for entry in client.history.entries if isinstance(entry, Disconnected)]


async def is_drained(stack: RunningStack, talk: Traffic) -> None:
    victim = (await replicas_of(stack))[2]
    os.kill(victim.pid, signal.SIGTERM)
    await is_replaced(stack, victim)
    await talk.until_all_are_back()


async def reloads(stack: RunningStack, talk: Traffic) -> None:
    nginx = (await asyncio.to_thread(stack.processes))["nginx"]
    os.kill(nginx.pid, signal.SIGHUP)
    await talk.until_all_hear()
    for client in talk.clients[::10]:
        await client.drop_connection()
    await talk.until_all_are_back()


async def redis_stands_still(stack: RunningStack, talk: Traffic) -> None:
    replicas, redis = await replicas_of(stack), (await asyncio.to_thread(stack.processes))["redis"]
    with standing_still(redis.pid):
        began = time.monotonic()
        await talk.until_all_hear()
        while time.monotonic() - began < WITHOUT_REDIS_SECONDS:
            for replica in replicas:
                assert await asyncio.to_thread(is_ready, replica), "a probe failed without Redis"
            await talk.clients[0].drop_connection()
            await talk.clients[0].wait_until(lambda: talk.clients[0].connected)
    await talk.until_all_are_back()


async def spreads_again(stack: RunningStack, talk: Traffic) -> None:
    """New sockets spread over all replicas: none is left out, none has most of them."""
    for client in talk.clients:
        await client.drop_connection()
    await talk.until_all_are_back()
    sockets = talk.sockets_by_replica()
    assert len(sockets) == len(await replicas_of(stack))
    fair = len(talk.clients) / len(sockets)
    assert min(sockets.values()) > FAIR_SHARE * fair, sockets


async def replicas_of(stack: RunningStack) -> list[ProcessStatus]:
    """Ask the stack in a thread: the clients go on meanwhile."""
    return await asyncio.to_thread(stack.replicas)


async def is_replaced(stack: RunningStack, victim: ProcessStatus) -> None:
    """Wait until the stack's manager runs it again."""

    def runs_again() -> bool:
        now = stack.processes()[victim.name]
        return now.pid not in (0, victim.pid) and is_ready(now)

    await asyncio.to_thread(wait_until, runs_again, 30)


def is_ready(replica: ProcessStatus) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{replica.port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)

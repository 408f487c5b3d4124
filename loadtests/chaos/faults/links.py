"""Makes the network link of a server or of a client network cut, slow, delayed or lossy."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from loadtests.chaos.faults.fault import (
    ChooseServer,
    Effect,
    FaultContext,
    fault,
    heal_in_thread,
    now,
)
from loadtests.chaos.network_rules import Delay, Drop, Rate, to_and_from

LOST_PERCENT = 15
SLOW_KBIT, SLOW_REDIS_KBIT = 1_000, 64
DELAY_MS = 100
CONNECT_SECONDS = 10.0


@asynccontextmanager
async def applied(rule: Drop | Rate) -> AsyncIterator[Effect]:
    """Apply a network rule inside the `with` block. The packets that it affects are evidence."""

    async def evidence() -> str:
        count = await asyncio.to_thread(rule.count)
        return f"{count} {rule.effect}" if count else ""

    try:
        await asyncio.to_thread(rule.apply)
        yield Effect(evidence)
    finally:
        await heal_in_thread(rule.heal)


@fault
def packets_dropped(
    context: FaultContext,
    choose: ChooseServer,
    percent: int = 100,
    other: ChooseServer | None = None,
) -> AbstractAsyncContextManager[Effect]:
    """Drop all or some of the packets on a server's link.

    With `other`, drop only packets between the two servers.
    """
    conditions = to_and_from(context.host_of(other).address) if other else ("", "")
    table = f"drop_{choose(context).name}_{percent}_{context.victim}"
    return applied(Drop(context.host_of(choose), table, *conditions, percent=percent))


@fault
def slow(
    context: FaultContext, choose: ChooseServer, kbit: int = SLOW_KBIT
) -> AbstractAsyncContextManager[Effect]:
    """Limit the rate of a server's link."""
    return applied(Rate(context.host_of(choose), context.deployment.switch, kbit))


@fault
@asynccontextmanager
async def delayed(context: FaultContext, choose: ChooseServer) -> AsyncIterator[Effect]:
    """Delay everything that a server sends and receives, as if the server were far away."""
    host = context.host_of(choose)
    delay = Delay(host, context.deployment.switch, DELAY_MS)
    try:
        # Not in another thread, because the relay ends with the thread that started it.
        delay.apply()
        address = host.address, choose(context).port
        yield Effect(partial(asyncio.to_thread, _evidence_of_delay, address))
    finally:
        await heal_in_thread(delay.heal)


def _evidence_of_delay(address: tuple[str, int]) -> str:
    """Connect, and return evidence if that took at least the added delay in both directions."""
    started = now()
    try:
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError:
        return ""
    took = now() - started
    return f"a connection to it took {took:.2f} s" if took >= 2 * DELAY_MS / 1_000 else ""

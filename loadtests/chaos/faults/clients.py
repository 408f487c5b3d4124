"""Faults of clients' networks (cut, lossy, reset, silently lost) and of browsers that do not read.

Clients come from a few networks. A client's socket keeps its port when its address is translated to
the network's address, so a port identifies a client.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from loadtests.chaos.deployment import CLIENT_NETWORKS
from loadtests.chaos.faults.fault import (
    Effect,
    FaultContext,
    always,
    disconnected_since,
    fault,
    has_received_since,
    now,
)
from loadtests.chaos.faults.links import applied
from loadtests.chaos.network_rules import Drop, to_and_from
from loadtests.lib.client import Client

READERS = 10
SILENT_SECONDS = 4.0
# For this long after a tab has stopped reading, it can still handle frames that it had read before.
SETTLE_SECONDS = 0.2


class ClientNetwork:
    """One of the networks that clients come from, as nginx sees it."""

    def __init__(self, context: FaultContext) -> None:
        self._context = context
        self.address = CLIENT_NETWORKS[context.victim % len(CLIENT_NETWORKS)]
        self.nginx = context.deployment.host_of(context.deployment.nginx)

    def ports(self) -> set[int]:
        """Return the client ports of the network's open connections."""
        listed = self.nginx.run("ss", "-Htn", "state", "established", "dst", self.address)
        return {int(port) for port in re.findall(rf"{re.escape(self.address)}:(\d+)", listed)}

    def clients(self, ports: Iterable[int]) -> list[Client]:
        """Return the clients with these ports."""
        wanted = set(ports)
        return [client for client in self._context.clients() if client.port in wanted]

    async def possibly_affected(self) -> list[Client]:
        """Return the network's clients, and all clients without a connection.

        A client without a connection can reconnect through this network.
        """
        ports = await asyncio.to_thread(self.ports)
        disconnected = (client for client in self._context.clients() if not client.connected)
        return [*self.clients(ports), *disconnected]


@fault
@asynccontextmanager
async def packets_dropped(context: FaultContext, percent: int = 100) -> AsyncIterator[Effect]:
    """Drop packets of one client network, at nginx."""
    network = ClientNetwork(context)
    conditions = to_and_from(network.address)
    drop = Drop(network.nginx, f"drop_clients_{percent}", *conditions, percent=percent)
    async with applied(drop) as effect:
        yield replace(effect, affected=network.possibly_affected)


@fault
@asynccontextmanager
async def reset(context: FaultContext) -> AsyncIterator[Effect]:
    """End all connections of a client network at once, on both sides.

    This fault cannot be undone.
    """
    network = ClientNetwork(context)
    ports = await asyncio.to_thread(network.ports)
    clients, started = network.clients(ports), now()

    async def evidence() -> str:
        """Return evidence once none of the connections is left."""
        left = ports & await asyncio.to_thread(network.ports)
        disconnected = disconnected_since(clients, started)
        if left or not disconnected:
            return ""
        return f"all {len(ports)} connections ended, {disconnected} clients noticed"

    await asyncio.to_thread(network.nginx.run, "ss", "-HKtn", "dst", network.address)
    yield Effect(evidence, always(clients))


@fault
@asynccontextmanager
async def half_open(context: FaultContext) -> AsyncIterator[Effect]:
    """Stop all data on a client network's open connections, without notifying either side."""
    network = ClientNetwork(context)
    ports = await asyncio.to_thread(network.ports)
    clients, started = network.clients(ports), now()
    incoming, outgoing = to_and_from(network.address)
    listed = f"{{ {', '.join(map(str, ports))} }}"
    conditions = f"{incoming} tcp sport {listed}", f"{outgoing} tcp dport {listed}"
    async with applied(Drop(network.nginx, "half_open", *conditions)) as dropped:

        async def evidence() -> str:
            """Return evidence once clients have given up their connections.

            Dropped packets alone prove little, because packets are dropped from the start.
            """
            given_up, packets = disconnected_since(clients, started), await dropped.evidence()
            if not (given_up and packets):
                return ""
            return f"{given_up} clients gave up their connection, {packets}"

        yield Effect(evidence, always(clients))


@fault
@asynccontextmanager
async def not_reading(context: FaultContext) -> AsyncIterator[Effect]:
    """Stop some tabs from reading their connections, like a browser on a sleeping phone."""
    connected = [client for client in context.clients() if client.connected]
    readers = connected[context.victim :: max(1, len(connected) // READERS)][:READERS]
    for reader in readers:
        reader.stop_reading()
    started = now()

    async def evidence() -> str:
        if now() < started + SILENT_SECONDS:
            return ""
        since = started + SETTLE_SECONDS
        silent = [one for one in readers if not has_received_since(one.history, since)]
        return f"{len(silent)} tabs received nothing for {SILENT_SECONDS:g} s" if silent else ""

    try:
        yield Effect(evidence, always(readers))
    finally:
        for reader in readers:
            reader.resume_reading()

"""Faults of clients' own networks and browsers: changed, silently lost, not reading."""

import asyncio

from loadtests.chaos.faults.client_network import ClientNetwork
from loadtests.chaos.faults.fault import (
    Fault,
    FaultContext,
    disconnected_since,
    has_received_since,
    now,
)
from loadtests.chaos.network_rules import Drop
from loadtests.lib.client import Client

READERS = 10
SILENT_SECONDS = 4.0
SETTLE_SECONDS = 0.2  # frames that have already been read are still handled


class OpenConnectionsFault(Fault):
    """Affects the connections to nginx that one client network has open at the start."""

    def __init__(self, context: FaultContext, victim: int) -> None:
        super().__init__(context, victim)
        self.network = ClientNetwork(context, victim)
        self.ports: set[int] = set()
        self.clients: list[Client] = []
        self.started = 0.0

    async def find_connections(self) -> None:
        self.ports = await asyncio.to_thread(self.network.ports)
        names = self.network.names(self.ports)
        self.clients = [client for client in self.context.clients() if client.name in names]
        self.started = now()

    async def affected_clients(self) -> set[str]:
        return {client.name for client in self.clients}


class ClientsReset(OpenConnectionsFault):
    """All connections of the network end at the same moment, on both sides."""

    async def apply(self) -> None:
        await self.find_connections()
        await asyncio.to_thread(self.network.reset)

    async def heal(self) -> None:
        """There is nothing to undo: the clients are in another network now."""

    async def evidence(self) -> str:
        """Evidence exists once none of the connections is left."""
        left = self.ports & await asyncio.to_thread(self.network.ports)
        disconnected = disconnected_since(self.clients, self.started)
        if left or not disconnected:
            return ""
        return f"all {len(self.ports)} connections ended, {disconnected} clients noticed"


class ClientsHalfOpen(OpenConnectionsFault):
    """The connections stop carrying data, and neither side is notified."""

    drop: Drop | None = None

    async def apply(self) -> None:
        await self.find_connections()
        ports, address = ", ".join(map(str, self.ports)), self.network.address
        incoming = f"ip saddr {address} tcp sport {{ {ports} }}"
        outgoing = f"ip daddr {address} tcp dport {{ {ports} }}"
        self.drop = Drop(self.network.nginx, type(self).__name__, incoming, outgoing)
        await asyncio.to_thread(self.drop.apply)

    async def heal(self) -> None:
        if self.drop is not None:
            await asyncio.to_thread(self.drop.heal)

    async def evidence(self) -> str:
        """Evidence exists once clients have given up their connections. Dropped packets alone
        prove little, because packets are dropped from the start."""
        assert self.drop is not None
        given_up = disconnected_since(self.clients, self.started)
        dropped = await asyncio.to_thread(self.drop.dropped)
        if not (given_up and dropped):
            return ""
        return f"{given_up} clients gave up their connection, {dropped} packets were dropped"


class ClientsNotReading(Fault):
    """Tabs stop reading from their connections, like a browser on a sleeping phone."""

    def __init__(self, context: FaultContext, victim: int) -> None:
        super().__init__(context, victim)
        self.readers: list[Client] = []
        self.started = 0.0

    async def apply(self) -> None:
        connected = [client for client in self.context.clients() if client.connected]
        self.readers = connected[self.victim :: max(1, len(connected) // READERS)][:READERS]
        for reader in self.readers:
            reader.stop_reading()
        self.started = now()

    async def heal(self) -> None:
        for reader in self.readers:
            reader.resume_reading()

    async def affected_clients(self) -> set[str]:
        return {reader.name for reader in self.readers}

    async def evidence(self) -> str:
        if now() < self.started + SILENT_SECONDS:
            return ""
        since = self.started + SETTLE_SECONDS
        silent = [one for one in self.readers if not has_received_since(one.history, since)]
        return f"{len(silent)} tabs received nothing for {SILENT_SECONDS:g} s" if silent else ""

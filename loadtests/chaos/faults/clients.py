"""What people's own networks and browsers do: change, vanish without a word, stop reading."""

import asyncio

from loadtests.chaos.faults.fault import Fault, Scene, lost_since, now
from loadtests.chaos.faults.home import Home
from loadtests.chaos.network_rules import Drop
from loadtests.lib.client import Client
from loadtests.lib.client.history import EventReceived

READERS = 10
DEAF_SECONDS = 4.0
SETTLE_SECONDS = 0.2  # what was read already is still heard


class OfHome(Fault):
    """Done at nginx to the sockets that one home has open."""

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self.home = Home(scene, victim)
        self.ports: set[int] = set()
        self.clients: list[Client] = []
        self.began = 0.0

    async def begin(self) -> None:
        self.ports = await asyncio.to_thread(self.home.ports)
        names = self.home.names(self.ports)
        self.clients = [client for client in self.scene.clients() if client.name in names]
        self.began = now()

    async def victims(self) -> set[str]:
        return {client.name for client in self.clients}


class HomeReset(OfHome):
    """All sockets of a home end from one moment to the next, on both sides."""

    async def apply(self) -> None:
        await self.begin()
        await asyncio.to_thread(self.home.reset)

    async def heal(self) -> None:
        """There is nothing to undo: it is another network now."""

    async def seen(self) -> str:
        """Only when all sockets that there were are gone."""
        left = self.ports & await asyncio.to_thread(self.home.ports)
        lost = lost_since(self.clients, self.began)
        if left or not lost:
            return ""
        return f"all {len(self.ports)} sockets are gone, {lost} clients lost theirs"


class HalfOpen(OfHome):
    """The sockets that a home has open carry nothing any more, and neither side is told."""

    drop: Drop | None = None

    async def apply(self) -> None:
        await self.begin()
        ports, address = ", ".join(map(str, self.ports)), self.home.address
        incoming = f"ip saddr {address} tcp sport {{ {ports} }}"
        outgoing = f"ip daddr {address} tcp dport {{ {ports} }}"
        self.drop = Drop(self.home.nginx, type(self).__name__, incoming, outgoing)
        await asyncio.to_thread(self.drop.apply)

    async def heal(self) -> None:
        if self.drop is not None:
            await asyncio.to_thread(self.drop.heal)

    async def seen(self) -> str:
        """Only when its clients gave their sockets up: what they send is dropped from the start."""
        assert self.drop is not None
        given_up = lost_since(self.clients, self.began)
        dropped = await asyncio.to_thread(self.drop.dropped)
        if not (given_up and dropped):
            return ""
        return f"{given_up} clients gave their socket up, {dropped} packets were dropped"


class ReadersStopped(Fault):
    """Tabs stop reading from their sockets, as a browser on a phone that sleeps does."""

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self.readers: list[Client] = []
        self.began = 0.0

    async def apply(self) -> None:
        connected = [client for client in self.scene.clients() if client.connected]
        self.readers = connected[self.victim :: max(1, len(connected) // READERS)][:READERS]
        for reader in self.readers:
            reader.stop_reading()
        self.began = now()

    async def heal(self) -> None:
        for reader in self.readers:
            reader.resume_reading()

    async def victims(self) -> set[str]:
        return {reader.name for reader in self.readers}

    async def seen(self) -> str:
        if now() < self.began + DEAF_SECONDS:
            return ""
        deaf = [one for one in self.readers if not heard_since(one, self.began + SETTLE_SECONDS)]
        return f"{len(deaf)} tabs heard nothing for {DEAF_SECONDS:g} s" if deaf else ""


def heard_since(client: Client, at: float) -> bool:
    newest = (
        entry for entry in reversed(client.history.entries) if isinstance(entry, EventReceived)
    )
    return next((entry.at >= at for entry in newest), False)

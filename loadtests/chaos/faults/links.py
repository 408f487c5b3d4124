"""Network links that are cut, slow, delayed or lossy: a server's, or a client network's."""

import asyncio

from loadtests.chaos.faults.client_network import ClientNetwork
from loadtests.chaos.faults.fault import ChooseServer, Fault, FaultContext, now
from loadtests.chaos.network_rules import Delay, Drop, Rate

LOST_PERCENT = 15
SLOW_KBIT, SLOW_REDIS_KBIT = 1_000, 64
DELAY_MS = 100


class PacketsDropped(Fault):
    """Drops all or some of the packets on a server's link; only those to `other`, if given."""

    def __init__(
        self,
        context: FaultContext,
        victim: int,
        choose: ChooseServer,
        percent: int = 100,
        other: ChooseServer | None = None,
    ) -> None:
        super().__init__(context, victim)
        server = choose(self.deployment, victim)
        incoming = outgoing = ""
        if other is not None:
            address = self.deployment.host_of(other(self.deployment, victim)).address
            incoming, outgoing = f"ip saddr {address}", f"ip daddr {address}"
        host, table = self.deployment.host_of(server), f"drop_{server.name}_{percent}_{victim}"
        self.drop = Drop(host, table, incoming, outgoing, percent)

    async def apply(self) -> None:
        await asyncio.to_thread(self.drop.apply)

    async def heal(self) -> None:
        await asyncio.to_thread(self.drop.heal)

    async def evidence(self) -> str:
        dropped = await asyncio.to_thread(self.drop.dropped)
        return f"{dropped} packets were dropped" if dropped else ""


class ClientPacketsDropped(PacketsDropped):
    """Drops packets of one client network, at nginx."""

    def __init__(self, context: FaultContext, victim: int, percent: int = 100) -> None:
        Fault.__init__(self, context, victim)
        self.network = ClientNetwork(context, victim)
        address = self.network.address
        conditions = f"ip saddr {address}", f"ip daddr {address}"
        self.drop = Drop(self.network.nginx, f"drop_clients_{percent}", *conditions, percent)

    async def affected_clients(self) -> set[str]:
        ports = await asyncio.to_thread(self.network.ports)
        return self.network.names(ports) | self.network.disconnected()


class LinkSlow(Fault):
    """Limits the rate of a server's link."""

    def __init__(
        self, context: FaultContext, victim: int, choose: ChooseServer, kbit: int = SLOW_KBIT
    ) -> None:
        super().__init__(context, victim)
        network = self.deployment.network
        assert network is not None, "there is no network of hosts"
        host = self.deployment.host_of(choose(self.deployment, victim))
        self.rate = Rate(host, network.switch, kbit)

    async def apply(self) -> None:
        await asyncio.to_thread(self.rate.apply)

    async def heal(self) -> None:
        await asyncio.to_thread(self.rate.heal)

    async def evidence(self) -> str:
        held_back = await asyncio.to_thread(self.rate.held_back)
        return f"{held_back} packets were delayed or dropped" if held_back else ""


class LinkDelayed(Fault):
    """Delays everything that a server sends and receives, as if it were far away."""

    def __init__(self, context: FaultContext, victim: int, choose: ChooseServer) -> None:
        super().__init__(context, victim)
        network = self.deployment.network
        assert network is not None, "there is no network of hosts"
        self.server = choose(self.deployment, victim)
        self.host = self.deployment.host_of(self.server)
        self.delay = Delay(self.host, network.switch, DELAY_MS)

    async def apply(self) -> None:
        self.delay.apply()

    async def heal(self) -> None:
        await asyncio.to_thread(self.delay.heal)

    async def evidence(self) -> str:
        """Evidence is a connection that took at least the added delay, both ways."""
        started = now()
        try:
            _, connection = await asyncio.open_connection(self.host.address, self.server.port)
        except OSError:
            return ""
        connection.close()
        took = now() - started
        return f"a connection to it took {took:.2f} s" if took >= 2 * DELAY_MS / 1_000 else ""

"""Cables that are cut, slow, long or lossy: of a server, or of the network people come from."""

import asyncio
from abc import abstractmethod

from loadtests.chaos.faults.fault import Fault, Scene, now
from loadtests.chaos.faults.home import Home
from loadtests.chaos.network_rules import Delay, Drop, Rate
from loadtests.lib.servers.process import Server

LOST_PERCENT = 15


class Dropping(Fault):
    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self.drop = self.choose()

    @abstractmethod
    def choose(self) -> Drop: ...

    async def apply(self) -> None:
        await asyncio.to_thread(self.drop.apply)

    async def heal(self) -> None:
        await asyncio.to_thread(self.drop.heal)

    async def seen(self) -> str:
        dropped = await asyncio.to_thread(self.drop.dropped)
        return f"{dropped} packets were dropped" if dropped else ""

    def of(self, server: Server, percent: int = 100) -> Drop:
        return Drop(self.deployment.host_of(server), self.table, percent=percent)

    def between(self, server: Server, other: Server) -> Drop:
        there = self.deployment.host_of(other).address
        both = f"ip saddr {there}", f"ip daddr {there}"
        return Drop(self.deployment.host_of(server), self.table, *both)

    @property
    def table(self) -> str:
        return type(self).__name__

    @property
    def replica(self) -> Server:
        return self.deployment.replicas[self.victim]


class ReplicaCut(Dropping):
    def choose(self) -> Drop:
        return self.of(self.replica)


class ReplicaLossy(Dropping):
    def choose(self) -> Drop:
        return self.of(self.replica, LOST_PERCENT)


class ReplicaWithoutRedis(Dropping):
    def choose(self) -> Drop:
        return self.between(self.replica, self.deployment.redis)


class ReplicaWithoutPostgres(Dropping):
    def choose(self) -> Drop:
        return self.between(self.replica, self.deployment.postgres)


class RedisCut(Dropping):
    def choose(self) -> Drop:
        return self.of(self.deployment.redis)


class RedisLossy(Dropping):
    def choose(self) -> Drop:
        return self.of(self.deployment.redis, LOST_PERCENT)


class PostgresCut(Dropping):
    def choose(self) -> Drop:
        return self.of(self.deployment.postgres)


class PostgresLossy(Dropping):
    def choose(self) -> Drop:
        return self.of(self.deployment.postgres, LOST_PERCENT)


class HomeCut(Dropping):
    """At nginx, which sees of which home a socket is."""

    percent = 100

    def choose(self) -> Drop:
        self.home = Home(self.scene, self.victim)
        both = f"ip saddr {self.home.address}", f"ip daddr {self.home.address}"
        return Drop(self.home.nginx, self.table, *both, self.percent)

    async def victims(self) -> set[str]:
        ports = await asyncio.to_thread(self.home.ports)
        return self.home.names(ports) | self.home.outside()


class HomeLossy(HomeCut):
    percent = LOST_PERCENT


class OfCable(Fault):
    """Done to a server's whole cable, which leads to the switch."""

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        net = scene.deployment.net
        assert net is not None, "there is no net"
        self.server = self.choose()
        self.host, self.switch = self.deployment.host_of(self.server), net.switch

    @abstractmethod
    def choose(self) -> Server: ...


class Slow(OfCable):
    kbit = 1_000

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self.rate = Rate(self.host, self.switch, self.kbit)

    async def apply(self) -> None:
        await asyncio.to_thread(self.rate.apply)

    async def heal(self) -> None:
        await asyncio.to_thread(self.rate.heal)

    async def seen(self) -> str:
        held_back = await asyncio.to_thread(self.rate.held_back)
        return f"{held_back} packets had to wait or were dropped" if held_back else ""


class Far(OfCable):
    """What is sent to it, and by it, takes a while, as to another place."""

    milliseconds = 100

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self.delay = Delay(self.host, self.switch, self.milliseconds)

    async def apply(self) -> None:
        self.delay.apply()

    async def heal(self) -> None:
        await asyncio.to_thread(self.delay.heal)

    async def seen(self) -> str:
        """Only when a connection to it took as long as there and back."""
        began = now()
        try:
            address = self.host.address, self.server.port
            _, connection = await asyncio.open_connection(*address)
        except OSError:
            return ""
        connection.close()
        took = now() - began
        if took < 2 * self.milliseconds / 1_000:
            return ""
        return f"a connection to it took {took:.2f} s"


class RedisFar(Far):
    def choose(self) -> Server:
        return self.deployment.redis


class PostgresFar(Far):
    def choose(self) -> Server:
        return self.deployment.postgres


class ReplicaSlow(Slow):
    def choose(self) -> Server:
        return self.deployment.replicas[self.victim]


class RedisSlow(Slow):
    kbit = 64

    def choose(self) -> Server:
        return self.deployment.redis


class PostgresSlow(Slow):
    def choose(self) -> Server:
        return self.deployment.postgres

"""Servers that are killed, ended, held away, or stand still."""

import asyncio
import signal
from abc import abstractmethod

import psutil

from loadtests.chaos.faults.fault import (
    ASK_SECONDS,
    Fault,
    Scene,
    answers,
    lost_since,
    now,
    until_answers,
)
from loadtests.lib.client import Client
from loadtests.lib.client.history import Connected, History
from loadtests.lib.servers.process import Server

END_SECONDS = 30.0


class OfServer(Fault):
    """Done to the process of one server, which is chosen when it is made."""

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self.server = self.choose()
        self.pid, self.began = 0, 0.0

    @abstractmethod
    def choose(self) -> Server: ...

    def begin(self) -> None:
        self.pid, self.began = self.server.pid, now()


class Ended(OfServer):
    """It ends by a signal, and is held away until it is healed; then it is started again."""

    by = signal.SIGKILL

    async def apply(self) -> None:
        self.begin()
        self.scene.supervisor.hold(self.server)
        if self.by is signal.SIGKILL:
            await asyncio.to_thread(self.server.kill)
        else:
            self.server.send(self.by)

    async def heal(self) -> None:
        self.scene.supervisor.let_go(self.server)
        await until_answers(self.server)

    async def seen(self) -> str:
        if self.server.running and self.server.pid == self.pid:
            return ""
        return f"process {self.pid} is gone"


class EndedWithSockets(Ended):
    """Those who had their sockets through it lose them."""

    def __init__(self, scene: Scene, victim: int) -> None:
        super().__init__(scene, victim)
        self.clients: list[Client] = []

    def begin(self) -> None:
        super().begin()
        self.clients = [one for one in self.scene.clients() if one.connected and self.carries(one)]

    @abstractmethod
    def carries(self, client: Client) -> bool: ...

    async def seen(self) -> str:
        gone, lost = await super().seen(), lost_since(self.clients, self.began)
        return f"{gone}, {lost} sockets ended with it" if gone and lost else ""


class Drained(Ended):
    """It ends by SIGTERM, which takes a replica a while; it is started again at once."""

    by = signal.SIGTERM

    async def apply(self) -> None:
        self.begin()
        self.ended = psutil.Process(self.pid)
        self.server.send(self.by)

    async def heal(self) -> None:
        await asyncio.to_thread(self.ended.wait, END_SECONDS)
        await super().heal()


class Paused(OfServer):
    async def apply(self) -> None:
        self.begin()
        await asyncio.to_thread(self.server.pause)

    async def heal(self) -> None:
        self.server.resume()
        await until_answers(self.server)

    async def seen(self) -> str:
        if await answers(self.server, ASK_SECONDS):
            return ""
        return f"process {self.pid} did not answer for {ASK_SECONDS:g} s"


class ReplicaKilled(EndedWithSockets):
    def choose(self) -> Server:
        return self.deployment.replicas[self.victim]

    def carries(self, client: Client) -> bool:
        return process_of(client.history) == self.pid


class ReplicaEnded(Drained):
    def choose(self) -> Server:
        return self.deployment.replicas[self.victim]


class ReplicaPaused(Paused):
    def choose(self) -> Server:
        return self.deployment.replicas[self.victim]


class RedisEnded(Ended):
    def choose(self) -> Server:
        return self.deployment.redis


class RedisPaused(Paused):
    def choose(self) -> Server:
        return self.deployment.redis


class PostgresRestarted(Ended):
    by = signal.SIGINT  # "fast": whoever is connected is sent away

    def choose(self) -> Server:
        return self.deployment.postgres


class PostgresKilled(Ended):
    def choose(self) -> Server:
        return self.deployment.postgres


class PostgresPaused(Paused):
    def choose(self) -> Server:
        return self.deployment.postgres


class NginxRestarted(EndedWithSockets):
    by = signal.SIGTERM

    def choose(self) -> Server:
        return self.deployment.nginx

    def carries(self, client: Client) -> bool:
        return True  # every socket goes through it


def process_of(history: History) -> int | None:
    """Return the id of the process that a client's newest socket is of: `replica` is HOST:ID."""
    newest = (entry.replica for entry in reversed(history.entries) if isinstance(entry, Connected))
    process = next(newest, "").rpartition(":")[2]
    return int(process) if process.isdecimal() else None

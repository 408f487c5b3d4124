"""Servers that are killed, terminated, kept down or paused."""

import asyncio
import signal

import psutil

from loadtests.chaos.faults.fault import (
    PROBE_SECONDS,
    ChooseServer,
    Fault,
    FaultContext,
    answers,
    disconnected_since,
    now,
    wait_until_ready,
)
from loadtests.lib.client import Client
from loadtests.lib.client.history import Connected, History

END_SECONDS = 30.0


class ServerFault(Fault):
    """Affects the process of one server, which is chosen when the fault is made."""

    def __init__(self, context: FaultContext, victim: int, choose: ChooseServer) -> None:
        super().__init__(context, victim)
        self.server = choose(self.deployment, victim)
        self.pid, self.started = 0, 0.0

    def remember_process(self) -> None:
        self.pid, self.started = self.server.pid, now()


class Ended(ServerFault):
    """Ends a server with a signal, keeps it down until `heal`, then restarts it."""

    def __init__(
        self,
        context: FaultContext,
        victim: int,
        choose: ChooseServer,
        by: signal.Signals = signal.SIGKILL,
    ) -> None:
        super().__init__(context, victim, choose)
        self.by = by

    async def apply(self) -> None:
        self.remember_process()
        self.context.supervisor.keep_down(self.server)
        if self.by is signal.SIGKILL:
            await asyncio.to_thread(self.server.kill)
        else:
            self.server.send(self.by)

    async def heal(self) -> None:
        self.context.supervisor.release(self.server)
        await wait_until_ready(self.server)

    async def evidence(self) -> str:
        if self.server.running and self.server.pid == self.pid:
            return ""
        return f"process {self.pid} is gone"


class EndedWithConnections(Ended):
    """The clients that are connected through the server lose their connections."""

    clients: list[Client] = []

    def remember_process(self) -> None:
        super().remember_process()
        self.clients = [
            client for client in self.context.clients() if client.connected and self.serves(client)
        ]

    def serves(self, client: Client) -> bool:
        return True  # nginx: every connection goes through it

    async def evidence(self) -> str:
        gone = await super().evidence()
        lost = disconnected_since(self.clients, self.started)
        return f"{gone}, {lost} connections ended with it" if gone and lost else ""


class ReplicaKilled(EndedWithConnections):
    def serves(self, client: Client) -> bool:
        return process_of(client.history) == self.pid


class Terminated(Ended):
    """Ends a replica with SIGTERM, which takes a while; it is then restarted at once."""

    async def apply(self) -> None:
        self.remember_process()
        self.process = psutil.Process(self.pid)
        self.server.send(signal.SIGTERM)

    async def heal(self) -> None:
        await asyncio.to_thread(self.process.wait, END_SECONDS)
        await super().heal()


class Paused(ServerFault):
    async def apply(self) -> None:
        self.remember_process()
        await asyncio.to_thread(self.server.pause)

    async def heal(self) -> None:
        self.server.resume()
        await wait_until_ready(self.server)

    async def evidence(self) -> str:
        if await answers(self.server, PROBE_SECONDS):
            return ""
        return f"process {self.pid} did not answer for {PROBE_SECONDS:g} s"


def process_of(history: History) -> int | None:
    """Return the process id in the name of the replica (HOST:ID) that a client is connected to."""
    entries = reversed(history.entries)
    newest = next((entry.replica for entry in entries if isinstance(entry, Connected)), "")
    process = newest.rpartition(":")[2]
    return int(process) if process.isdecimal() else None

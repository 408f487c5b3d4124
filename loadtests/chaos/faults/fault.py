"""The base of all faults: a fault is applied, its effect is observed, it is healed.

`evidence` is called repeatedly from `apply` until a moment after `heal`, and returns a description
of the evidence as soon as there is some. A fault without evidence proves nothing: its run does not
count. Blocking calls are made in threads, so that the users continue; servers are started by the
main thread only.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile

from loadtests.chaos.deployment import Deployment
from loadtests.chaos.supervisor import Supervisor
from loadtests.lib.client import Client
from loadtests.lib.client.history import Disconnected, EventReceived, History
from loadtests.lib.servers.process import Server

READY_SECONDS = 30.0
PROBE_SECONDS = 0.5

now = time.monotonic
# Returns the server that a fault affects; the number selects one of several.
ChooseServer = Callable[[Deployment, int], Server]


@dataclass(slots=True)
class FaultContext:
    """What faults are injected into. `clients` returns the current clients of all users."""

    deployment: Deployment
    supervisor: Supervisor
    clients: Callable[[], list[Client]]


class Fault(ABC):
    def __init__(self, context: FaultContext, victim: int) -> None:
        self.context, self.victim = context, victim
        self.deployment = context.deployment

    @abstractmethod
    async def apply(self) -> None: ...

    @abstractmethod
    async def heal(self) -> None:
        """Undo the fault; return once its victim answers again. May be called twice."""

    @abstractmethod
    async def evidence(self) -> str:
        """Return what shows that the fault took effect; empty while nothing does."""

    async def affected_clients(self) -> set[str]:
        """Return the names of the clients that a client fault affects."""
        return set()


async def wait_until_ready(server: Server, within: float = READY_SECONDS) -> None:
    """Wait until a server that the supervisor starts answers. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            if server.running and await answers(server):
                return
            await asyncio.sleep(0.02)


async def answers(server: Server, within: float = 5.0) -> bool:
    """Ask a server once; return whether it answers within `within` seconds."""
    try:
        async with asyncio.timeout(within):
            return await asyncio.to_thread(server.answers)
    except (OSError, TimeoutError):
        return False


def disconnected_since(clients: Iterable[Client], at: float) -> int:
    """Return how many of these clients have lost a connection since `at` (monotonic)."""
    return sum(has_disconnected_since(client.history, at) for client in clients)


def has_disconnected_since(history: History, at: float) -> bool:
    since = takewhile(lambda entry: entry.at >= at, reversed(history.entries))
    return any(isinstance(entry, Disconnected) for entry in since)


def has_received_since(history: History, at: float) -> bool:
    entries = reversed(history.entries)
    return next((entry.at >= at for entry in entries if isinstance(entry, EventReceived)), False)

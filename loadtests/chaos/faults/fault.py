"""What every fault is: it is applied, it is seen to take effect, it is healed.

`seen` is asked again and again from `apply` on, until a moment after `heal`: it returns the
evidence, in words, as soon as there is some. A fault that nobody saw proves nothing: its run does
not count. What blocks is done in threads, for people talk meanwhile; servers are started by the
main thread alone.
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
from loadtests.lib.client.history import Disconnected, History
from loadtests.lib.servers.process import Server

ANSWER_SECONDS = 30.0
ASK_SECONDS = 0.5


@dataclass(slots=True)
class Scene:
    """What faults are done to, and who is there. `clients` are those of everybody, as of now."""

    deployment: Deployment
    supervisor: Supervisor
    clients: Callable[[], list[Client]]


class Fault(ABC):
    def __init__(self, scene: Scene, victim: int) -> None:
        self.scene, self.victim = scene, victim
        self.deployment = scene.deployment

    @abstractmethod
    async def apply(self) -> None: ...

    @abstractmethod
    async def heal(self) -> None:
        """Undo it; returns once what was hit answers again. Undone twice is undone."""

    @abstractmethod
    async def seen(self) -> str:
        """Return what shows that it took effect; empty while nothing does."""

    async def victims(self) -> set[str]:
        """Return the names of the clients to which it is done; nobody where it is of servers."""
        return set()


async def until_answers(server: Server, within: float = ANSWER_SECONDS) -> None:
    """Wait until a server that the supervisor starts answers. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            if server.running and await answers(server):
                return
            await asyncio.sleep(0.02)


async def answers(server: Server, within: float = 5.0) -> bool:
    """Ask a server once; one that says nothing for so long does not answer."""
    try:
        async with asyncio.timeout(within):
            return await asyncio.to_thread(server.answers)
    except (OSError, TimeoutError):
        return False


def lost_since(clients: Iterable[Client], at: float) -> int:
    """Return how many of these clients lost a socket since then, in monotonic time."""
    return sum(has_closed_since(client.history, at) for client in clients)


def has_closed_since(history: History, at: float) -> bool:
    since = takewhile(lambda entry: entry.at >= at, reversed(history.entries))
    return any(isinstance(entry, Disconnected) for entry in since)


now = time.monotonic

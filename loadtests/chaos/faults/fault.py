"""What all faults have in common: they are injected, observed and healed.

A fault is a context manager. It is in effect inside the `with` block, and is healed when the block
is left, even after an error. Leaving the block takes until the fault's victim answers again.
Blocking calls are made in threads, so that the simulated users continue. Only the main thread
starts servers.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import Concatenate, ParamSpec

from loadtests.chaos.deployment import ChaosDeployment
from loadtests.chaos.network import NetworkHost
from loadtests.chaos.supervisor import Supervisor
from loadtests.lib.client import Client
from loadtests.lib.client.history import Disconnected, EventReceived, History
from loadtests.lib.servers.process import Server

Parameters = ParamSpec("Parameters")
now = time.monotonic


@dataclass(frozen=True, slots=True)
class FaultContext:
    """What a fault is injected into. `victim` selects one of several replicas or networks.

    `clients` returns the current clients of all users.
    """

    deployment: ChaosDeployment
    supervisor: Supervisor
    clients: Callable[[], list[Client]]
    victim: int = 0

    def host_of(self, choose: "ChooseServer") -> NetworkHost:
        return self.deployment.host_of(choose(self))


def always(clients: Iterable[Client]) -> Callable[[], Awaitable[Iterable[Client]]]:
    """Return an `affected` for a fault that affects the same clients all the time."""

    async def affected() -> Iterable[Client]:
        return clients

    return affected


NOBODY = always(())


@dataclass(frozen=True, slots=True)
class Effect:
    """How a fault's effect is observed, from its injection until a moment after it was healed.

    `evidence` returns what shows that the fault took effect; until something does, it returns an
    empty text. A fault without evidence proves nothing: its run does not count. `affected` returns
    the clients that a client fault affects.
    """

    evidence: Callable[[], Awaitable[str]]
    affected: Callable[[], Awaitable[Iterable[Client]]] = NOBODY


Fault = Callable[[FaultContext], AbstractAsyncContextManager[Effect]]
ChooseServer = Callable[[FaultContext], Server]


def fault(
    inject: Callable[Concatenate[FaultContext, Parameters], AbstractAsyncContextManager[Effect]],
) -> Callable[Parameters, Fault]:
    """Decorate a function that injects a fault.

    A call of the decorated function with its own parameters, such as `paused(redis)`, returns a
    `Fault`. The fault is injected once it is called with a context.
    """

    def with_parameters(*arguments: Parameters.args, **named: Parameters.kwargs) -> Fault:
        return lambda context: inject(context, *arguments, **named)

    return with_parameters


async def heal_in_thread(heal: Callable[[], None]) -> None:
    """Heal a fault. If this fails, try it once more, and raise the first error in any case."""
    try:
        await asyncio.to_thread(heal)
    except Exception:
        with suppress(Exception):
            await asyncio.to_thread(heal)
        raise


def disconnected_since(clients: Iterable[Client], at: float) -> int:
    """Return how many of these clients have lost a connection since `at` (monotonic)."""
    return sum(has_disconnected_since(client.history, at) for client in clients)


def has_disconnected_since(history: History, at: float) -> bool:
    since = takewhile(lambda entry: entry.at >= at, reversed(history.entries))
    return any(isinstance(entry, Disconnected) for entry in since)


def has_received_since(history: History, at: float) -> bool:
    newest = history.newest(EventReceived)
    return newest is not None and newest.at >= at

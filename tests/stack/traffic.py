"""Two hundred clients that chat through nginx, and the longest time that any received nothing.

At the end their histories are compared with the log. The summary of the test run reports the
longest silence for each operation or fault.
"""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial

import pytest

from loadtests.lib.checker.silence import event_times, longest_silence
from loadtests.lib.client import Client
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import open_all, sending
from tests.stack.deployed_stage import DeployedStage

ROOMS = 4
USERS = 50  # each user has a client in each room
SENDERS = 2  # senders in each room
PAUSE_SECONDS = 0.3

# The longest silence of any client, in seconds, for each operation or fault.
silences: dict[str, float] = {}


def report_silences(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the longest silences, which the tests do not check."""
    for what, seconds in silences.items():
        terminalreporter.write_line(f"longest silence while {what}: {seconds:.1f} s")


class Traffic:
    def __init__(
        self, stage: DeployedStage, rooms: Sequence[int], clients: Sequence[Client]
    ) -> None:
        self.stage, self.rooms, self.clients = stage, rooms, clients

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Record the longest silence during the `with` block."""
        started = time.monotonic()
        yield
        ended = time.monotonic()
        silences[what] = max(
            longest_silence(client.history, started, ended) for client in self.clients
        )

    async def wait_until_all_reconnected(self, within: float = 30) -> None:
        """Wait until every client is connected and receives events again."""
        for client in self.clients:
            await client.wait_until(partial(getattr, client, "connected"), within)
        await self.wait_until_all_receive(within)

    async def wait_until_all_receive(self, within: float = 30) -> None:
        """Wait until every client has received a new event."""
        now = time.monotonic()
        for client in self.clients:
            await client.wait_until(partial(has_received_since, client, now), within)

    def connections_by_replica(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for client in self.clients:
            if client.protocol.welcome is not None:
                replica = replica_of(client)
                found[replica] = found.get(replica, 0) + 1
        return found


@asynccontextmanager
async def running_traffic(stage: DeployedStage) -> AsyncIterator[Traffic]:
    """Run the traffic during the `with` block, then compare all histories with the log."""
    users = stage.users(USERS)
    rooms = [stage.room(users) for _ in range(ROOMS)]
    clients = [_client(stage, person, number) for number in range(ROOMS) for person in users]
    by_room = [clients[number * USERS :][:USERS] for number in range(ROOMS)]
    async with AsyncExitStack() as stack:
        for client in clients:
            await stack.enter_async_context(client)
        for room, members in zip(rooms, by_room, strict=True):
            await open_all(members, room)
        async with AsyncExitStack() as senders:
            for room, members in zip(rooms, by_room, strict=True):
                await senders.enter_async_context(sending(members[:SENDERS], [room], PAUSE_SECONDS))
            traffic = Traffic(stage, rooms, clients)
            await traffic.wait_until_all_receive()
            yield traffic
        for room, members in zip(rooms, by_room, strict=True):
            await stage.settle(room, members, within=30)
        await stage.assert_consistent(clients)


def _client(stage: DeployedStage, person: Account, number: int) -> Client:
    client = stage.client(person)
    client.name = client.history.name = f"{person.username}, client {number}"
    return client


def replica_of(client: Client) -> str:
    assert client.protocol.welcome is not None, "The client never connected."
    return str(client.protocol.welcome["replica"])


def has_received_since(client: Client, at: float) -> bool:
    return max(event_times(client.history), default=0.0) > at

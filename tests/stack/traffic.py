"""Two hundred sockets that talk through nginx, and how long each heard nothing of it.

What they saw is held against the log at the end; the longest silence is told at the end of the run,
for each thing that was done to the stack meanwhile.
"""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial

import pytest

from loadtests.lib.checker.silence import event_times, longest_silence
from loadtests.lib.client import Client
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import open_all, talking
from tests.stack.people import People

ROOMS = 4
PEOPLE = 50  # each with a tab in each room
TALKERS = 2  # in each room
PAUSE_SECONDS = 0.3

# What was done to the stack: the longest silence of any client meanwhile, in seconds.
silences: dict[str, float] = {}


def tell_silences(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how long anybody heard nothing: the tests only hold that nothing was lost."""
    for what, seconds in silences.items():
        terminalreporter.write_line(f"longest silence while {what}: {seconds:.1f} s")


class Traffic:
    def __init__(self, people: People, rooms: Sequence[int], clients: Sequence[Client]) -> None:
        self.people, self.rooms, self.clients = people, rooms, clients

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Note the longest silence while something is done."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        silences[what] = max(
            longest_silence(client.history, began, ended) for client in self.clients
        )

    async def until_all_are_back(self, within: float = 30) -> None:
        """Wait until everybody is connected and has heard what was last said."""
        for client in self.clients:
            await client.wait_until(partial(getattr, client, "connected"), within)
        await self.until_all_hear(within)

    async def until_all_hear(self, within: float = 30) -> None:
        """Wait until everybody has heard something that was said after now."""
        now = time.monotonic()
        for client in self.clients:
            await client.wait_until(partial(has_heard_since, client, now), within)

    def sockets_by_replica(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for client in self.clients:
            if client.protocol.welcome is not None:
                replica = replica_of(client)
                found[replica] = found.get(replica, 0) + 1
        return found


@asynccontextmanager
async def traffic(people: People) -> AsyncIterator[Traffic]:
    """Have everybody talk meanwhile; then hold all that they saw against the log."""
    crowd = people.crowd(PEOPLE)
    rooms = [people.room(crowd) for _ in range(ROOMS)]
    clients = [tab(people, person, number) for number in range(ROOMS) for person in crowd]
    in_rooms = [clients[number * PEOPLE :][:PEOPLE] for number in range(ROOMS)]
    async with AsyncExitStack() as stack:
        for client in clients:
            await stack.enter_async_context(client)
        for room, tabs in zip(rooms, in_rooms, strict=True):
            await open_all(tabs, room)
        async with AsyncExitStack() as talks:
            for room, tabs in zip(rooms, in_rooms, strict=True):
                await talks.enter_async_context(talking(tabs[:TALKERS], [room], PAUSE_SECONDS))
            everybody = Traffic(people, rooms, clients)
            await everybody.until_all_hear()
            yield everybody
        for room, tabs in zip(rooms, in_rooms, strict=True):
            await people.settle(room, tabs, within=30)
        await people.assert_right(clients)


def tab(people: People, person: Account, number: int) -> Client:
    client = people.client(person)
    client.name = client.history.name = f"{person.username}, tab {number}"
    return client


def replica_of(client: Client) -> str:
    assert client.protocol.welcome is not None, "It has no socket."
    return str(client.protocol.welcome["replica"])


def has_heard_since(client: Client, at: float) -> bool:
    return max(event_times(client.history), default=0.0) > at

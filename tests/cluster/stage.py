"""A place with its people, as the fault tests need it: real processes, sessions, rooms, the log.

The tests talk to it from outside only: over sockets with the one client, over REST, and as an
operator with `manage.py`. With --embedded it is one process, and every replica is that one.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from loadtests.lib.checker import Log, check, format_violations, read_log
from loadtests.lib.client import Client, rest
from loadtests.lib.client.subscription import Start
from loadtests.lib.servers import Cluster
from loadtests.lib.servers.process import Server
from loadtests.lib.simulation.account import Account, fetch_account

CROWD = 60
ANSWER_SECONDS = 15
AT_ONCE_SECONDS = 0.3  # less than any sweep takes, even a deaf replica's
HEARS_TRIES = 20
CAST = ("alice", "bob", "charlie", "dana")
ENVIRONMENT = {
    # The tests write faster than people do; the limits have tests of their own.
    "MESSAGES_BURST": "5000",
    "MESSAGES_PER_SECOND": "1000",
    "REPLAY_MAX_EVENTS": "200",
    "DRAIN_SECONDS": "3",
}


class Stage:
    def __init__(self, cluster: Cluster, folder: Path, crowd: int = CROWD) -> None:
        self.cluster, self._folder = cluster, folder
        printed = self._seed("cast")
        self.passwords = dict(re.findall(r"(\w+) has the password (\S+)", printed))
        self._seed("crowd", "--users", str(crowd))
        names = [f"person-{number:04}" for number in range(1, crowd + 1)]
        self._identities = dict(zip(CAST, self._lines("cast"), strict=True))
        self._identities |= dict(zip(names, self._lines("crowd"), strict=True))
        self._people: dict[str, Account] = {}
        self._unused = reversed(names)
        self._rooms = count(1)

    @property
    def addresses(self) -> list[str]:
        return [f"127.0.0.1:{replica.port}" for replica in self.cluster.replicas]

    def address(self, replica: int) -> str:
        return self.addresses[replica % len(self.addresses)]

    def person(self, username: str) -> Account:
        if username not in self._people:
            identity = self._identities[username]
            self._people[username] = fetch_account(self.address(0), identity)
        return self._people[username]

    def crowd(self, size: int) -> list[Account]:
        return [self.person(f"person-{number:04}") for number in range(1, size + 1)]

    def somebody(self) -> Account:
        """Return a person whom no other test knows: for what cannot be undone."""
        return self.person(next(self._unused))

    def another_session(self, person: Account) -> Account:
        """Return one of the cast as signed in on another device, too."""
        self._seed("again")
        identity = self._lines("again")[CAST.index(person.username)]
        return replace(person, identity=identity)

    def bot_of(self, person: Account) -> Account:
        """Return a person as their bot is known: by a new bearer token."""
        secret = self.cluster.manage("token", "make", person.username, "a bot").strip()
        return replace(person, identity=f"Authorization: Bearer {secret}")

    def room(self, members: Sequence[Account], kind: str = "private") -> int:
        """Return a new room; the first of its members owns it."""
        owner, *others = members
        name = f"room {next(self._rooms)} of {self.cluster.name}"
        room = int(self.rest(owner, "POST", "/rooms", name=name, kind=kind)["id"])
        for other in others:
            self.rest(owner, "POST", f"/rooms/{room}/members", user=other.id)
        return room

    def client(self, person: Account, *replicas: int) -> Client:
        """Return a tab of `person` that chooses among `replicas` (none given: among all)."""
        addresses = [self.address(replica) for replica in replicas] or self.addresses
        return Client(person.username, person.identity, addresses)

    def rest(self, person: Account, method: str, path: str, replica: int = 0, **body: Any) -> Any:
        address = self.address(replica)
        return rest.call_patiently(address, method, path, person.headers, body or None)

    def post_form(self, person: Account, path: str, **fields: str) -> None:
        """Send a form of the pages, as the person's browser would."""
        rest.post_form(self.address(0), path, person.headers, fields)

    def shell(self, code: str, **environment: str) -> str:
        """Run code as an operator does with `manage.py shell`, in a process of its own."""
        cluster = self.cluster
        kept, cluster.environment = cluster.environment, cluster.environment | environment
        try:
            return cluster.manage("shell", "--verbosity=0", "--command", code)
        finally:
            cluster.environment = kept

    def log(self) -> Log:
        with closing(self.cluster.database()) as connection:
            return read_log(connection)

    async def settle(self, room: int, clients: Iterable[Client], within: float = 10) -> None:
        """Wait until every command is answered and everybody has heard the log's last event."""
        clients = list(clients)
        async with asyncio.timeout(within):
            for client in clients:
                await client.wait_until(lambda: not client.protocol.pending, within)
            last = len(self.log().rooms[room])
            for client in clients:
                await client.wait_until(lambda: client.subscription(room).position == last, within)

    async def assert_right(
        self, clients: Sequence[Client], left_early: Sequence[Client] = ()
    ) -> None:
        """Close all clients and hold what they saw against the log."""
        histories = [await client.close() for client in (*clients, *left_early)]
        early = {client.name for client in left_early}
        faults = check(histories, self.log(), left_early=early)
        assert not faults, format_violations(faults)

    async def hears(self) -> None:
        """Wait until the doorbell rings on both replicas: after a fault that takes a moment."""
        people = self.crowd(2)
        room = self.room(people)
        first, second = self.client(people[0], 0), self.client(people[1], 1)
        async with opened([first, second], room):
            for number in count(1):
                assert number < HEARS_TRIES, "the replicas stay deaf"
                await first.send(room, f"can you hear me? {number}")
                with suppress(TimeoutError):
                    await second.wait_until(
                        lambda: len(bodies(second, room)) == number, AT_ONCE_SECONDS
                    )
                    return
                await second.wait_until(lambda: len(bodies(second, room)) == number)

    def _seed(self, file: str, *arguments: str) -> str:
        path = str(self._folder / file)
        return self.cluster.manage("seed", "--yes", "--sessions", path, *arguments)

    def _lines(self, file: str) -> list[str]:
        return (self._folder / file).read_text().splitlines()


async def stop(server: Server) -> None:
    await asyncio.to_thread(server.stop)


async def start(server: Server) -> None:
    """Start a server while the clients go on."""
    server.spawn()
    await asyncio.to_thread(server.wait_until_ready)


@asynccontextmanager
async def talking(
    clients: Sequence[Client], rooms: Sequence[int], pause_seconds: float = 0.1
) -> AsyncIterator[None]:
    """Have every client send one message after another, into each room in turn, meanwhile.

    At the end all that was sent has an answer.
    """
    over = asyncio.Event()

    async def talk(client: Client) -> None:
        for number in count():
            if over.is_set():
                return
            answer = await client.send(rooms[number % len(rooms)], f"{client.name} says {number}")
            assert answer["type"] == "ok", answer
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_seconds):
                    await over.wait()

    async with asyncio.TaskGroup() as talks:
        tasks = [talks.create_task(talk(client)) for client in clients]
        yield
        over.set()
        _, unanswered = await asyncio.wait(tasks, timeout=ANSWER_SECONDS)
        assert not unanswered, [list(one.protocol.pending.values()) for one in clients]


@asynccontextmanager
async def opened(clients: Sequence[Client], room: int) -> AsyncIterator[None]:
    """Have all clients connect and open the room from its beginning."""
    async with AsyncExitStack() as tabs:
        await asyncio.gather(*(tabs.enter_async_context(client) for client in clients))
        await open_all(clients, room)
        yield


async def elapse(seconds: float) -> None:
    """Let a fault last as long as the rule says; everything else is waited for by its effect."""
    await asyncio.sleep(seconds)


async def open_all(clients: Iterable[Client], room: int, start: Start = Start.BEGINNING) -> None:
    """Have all clients open the room, at the same time."""
    await asyncio.gather(*(client.open(room, start) for client in clients))


def bodies(client: Client, room: int) -> list[str]:
    """Return the texts that the client shows in the room."""
    return [message["body"] for message in client.subscription(room).view.messages()]

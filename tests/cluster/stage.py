"""A cluster with users and rooms, as the fault tests use it: real processes, sessions and logs.

The tests use the cluster from outside only: with the client over WebSockets, over REST, and as an
operator with `manage.py`. With `--embedded`, the cluster is one process, and every replica number
means that process.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    suppress,
)
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from loadtests.lib.checker import Log, check, format_violations, read_log
from loadtests.lib.client import Client, rest
from loadtests.lib.client.subscription import Start
from loadtests.lib.servers import Cluster
from loadtests.lib.servers.process import Server
from loadtests.lib.simulation.account import Account, fetch_account

USER_COUNT = 60
ANSWER_SECONDS = 15
BUS_SECONDS = 0.3  # no sweep delivers this soon, even while the bus is lost
BUS_ATTEMPTS = 20
CAST = ("alice", "bob", "charlie", "dana")
ENVIRONMENT = {
    # The tests write faster than people do, so there are no rate limits here. The limits have tests
    # of their own.
    "MESSAGES_BURST": "5000",
    "MESSAGES_PER_SECOND": "1000",
    "REPLAY_MAX_EVENTS": "200",
    "DRAIN_SECONDS": "3",
}


class Stage:
    def __init__(self, cluster: Cluster, folder: Path, user_count: int = USER_COUNT) -> None:
        self.cluster, self._folder = cluster, folder
        printed = self._seed("cast")
        self.passwords = dict(re.findall(r"(\w+) has the password (\S+)", printed))
        self._seed("users", "--users", str(user_count))
        names = [f"person-{number:04}" for number in range(1, user_count + 1)]
        self._identities = dict(zip(CAST, self._lines("cast"), strict=True))
        self._identities |= dict(zip(names, self._lines("users"), strict=True))
        self._accounts: dict[str, Account] = {}
        self._unused_names = reversed(names)
        self._room_numbers = count(1)

    @property
    def addresses(self) -> list[str]:
        return [f"127.0.0.1:{replica.port}" for replica in self.cluster.replicas]

    def address(self, replica: int) -> str:
        return self.addresses[replica % len(self.addresses)]

    def user(self, username: str) -> Account:
        if username not in self._accounts:
            identity = self._identities[username]
            self._accounts[username] = fetch_account(self.address(0), identity)
        return self._accounts[username]

    def users(self, size: int) -> list[Account]:
        """Return the first `size` users besides the cast, whom other tests also use."""
        return [self.user(f"person-{number:04}") for number in range(1, size + 1)]

    def unused_user(self) -> Account:
        """Return a user for this test alone, who may be changed in ways that cannot be undone."""
        return self.user(next(self._unused_names))

    def another_session(self, user: Account) -> Account:
        """Return a user of the cast with a second session, as if signed in on another device."""
        self._seed("again")
        identity = self._lines("again")[CAST.index(user.username)]
        return replace(user, identity=identity)

    def bot_of(self, user: Account) -> Account:
        """Return a user who authenticates with a new bearer token."""
        secret = self.cluster.manage("token", "make", user.username, "a bot").strip()
        return replace(user, identity=f"Authorization: Bearer {secret}")

    def room(self, members: Sequence[Account], kind: str = "private") -> int:
        """Return a new room. The first of its members owns it."""
        owner, *others = members
        name = f"room {next(self._room_numbers)} of {self.cluster.name}"
        room = int(self.rest(owner, "POST", "/rooms", name=name, kind=kind)["id"])
        for other in others:
            self.rest(owner, "POST", f"/rooms/{room}/members", user=other.id)
        return room

    def client(self, user: Account, *replicas: int) -> Client:
        """Return a client of `user` that connects to one of `replicas` (by default, to any)."""
        addresses = [self.address(replica) for replica in replicas] or self.addresses
        return Client(user.username, user.identity, addresses)

    def rest(self, user: Account, method: str, path: str, /, replica: int = 0, **body: Any) -> Any:
        address = self.address(replica)
        return rest.call_patiently(address, method, path, user.headers, body or None)

    def post_form(self, user: Account, path: str, /, **fields: str) -> None:
        """Submit a form of a page, as the user's browser would."""
        rest.post_form(self.address(0), path, user.headers, fields)

    def shell(self, code: str, **environment: str) -> str:
        """Run code in a separate process, as an operator does with `manage.py shell`."""
        cluster = self.cluster
        original, cluster.environment = cluster.environment, cluster.environment | environment
        try:
            return cluster.manage("shell", "--verbosity=0", "--command", code)
        finally:
            cluster.environment = original

    def log(self) -> Log:
        with closing(self.cluster.database()) as connection:
            return read_log(connection)

    async def settle(self, room: int, clients: Iterable[Client], within: float = 10) -> None:
        """Wait until every command is answered and every client has the room's last event."""
        clients = list(clients)
        async with asyncio.timeout(within):
            for client in clients:
                await client.wait_until(lambda: not client.protocol.pending, within)
            last = len(self.log().rooms[room])
            for client in clients:
                await client.wait_until(lambda: client.subscription(room).position == last, within)

    async def assert_consistent(
        self, clients: Sequence[Client], left_early: Sequence[Client] = ()
    ) -> None:
        """Close all clients and check their histories against the log."""
        histories = [await client.close() for client in (*clients, *left_early)]
        early = {client.name for client in left_early}
        violations = check(histories, self.log(), left_early=early)
        assert not violations, format_violations(violations)

    async def wait_for_bus(self) -> None:
        """Wait until the bus delivers to both replicas, which takes a while after a fault."""
        users = self.users(2)
        room = self.room(users)
        first, second = self.client(users[0], 0), self.client(users[1], 1)
        async with opened([first, second], room):
            for number in count(1):
                assert number < BUS_ATTEMPTS, "the bus is still lost"
                await first.send(room, f"attempt {number}")
                with suppress(TimeoutError):
                    await second.wait_until(
                        lambda: len(bodies(second, room)) == number, BUS_SECONDS
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
    """Start a server while the clients keep running."""
    server.spawn()
    await asyncio.to_thread(server.wait_until_ready)


Away: TypeAlias = Callable[[Server], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def stopped(server: Server) -> AsyncIterator[None]:
    """Stop a server during the `with` block. The clients keep running, but cannot connect to it."""
    await stop(server)
    yield
    await start(server)


@asynccontextmanager
async def paused(server: Server) -> AsyncIterator[None]:
    """Pause a server during the `with` block. Its connections stay open, but it answers nothing."""
    with server.paused():
        yield


@asynccontextmanager
async def sending(
    clients: Sequence[Client], rooms: Sequence[int], pause_seconds: float = 0.1
) -> AsyncIterator[None]:
    """During the `with` block, let every client send to each room in turn, one message at a time.

    At the end, wait until every message has been answered.
    """
    done = asyncio.Event()

    async def send(client: Client) -> None:
        for number in count():
            if done.is_set():
                return
            answer = await client.send(rooms[number % len(rooms)], f"{client.name} says {number}")
            assert answer["type"] == "ok", answer
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_seconds):
                    await done.wait()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(send(client)) for client in clients]
        yield
        done.set()
        _, unanswered = await asyncio.wait(tasks, timeout=ANSWER_SECONDS)
        assert not unanswered, [list(client.protocol.pending.values()) for client in clients]


@asynccontextmanager
async def opened(clients: Sequence[Client], room: int) -> AsyncIterator[None]:
    """Connect all clients, and have each open the room from the beginning of its log."""
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(client) for client in clients))
        await open_all(clients, room)
        yield


async def elapse(seconds: float) -> None:
    """Let a fault last for this many seconds. For everything else, wait for a condition instead."""
    await asyncio.sleep(seconds)


async def open_all(clients: Iterable[Client], room: int, start: Start = Start.BEGINNING) -> None:
    """Have all clients open the room at the same time."""
    await asyncio.gather(*(client.open(room, start) for client in clients))


def bodies(client: Client, room: int) -> list[str]:
    """Return the texts of the messages that the client shows in the room."""
    return [message["body"] for message in client.subscription(room).view.messages()]

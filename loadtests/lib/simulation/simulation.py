"""A population of simulated users, as a fault test sees it.

What the users saw and did is in the histories, for the checker. The simulation waits only for what
the clients see: it knows neither the database nor the servers.
"""

import asyncio
import json
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import lru_cache
from typing import Any

from loadtests.lib.client import Client
from loadtests.lib.client.history import CommandAnswered, Entry, History
from loadtests.lib.simulation.account import Account
from loadtests.lib.simulation.activity_rates import ActivityRates
from loadtests.lib.simulation.plan import Behaviour, Plan
from loadtests.lib.simulation.rest_client import RestClient
from loadtests.lib.simulation.simulated_user import SimulatedTab, SimulatedUser

# The number of decoded texts that are kept. An event reaches every tab as the same text, which is
# then decoded only once.
DECODED_TEXTS = 4_096


class Simulation:
    """A running simulation. `simulate` creates it. `rooms` are ids, in the plan's order."""

    def __init__(
        self, addresses: Sequence[str], plan: Plan, rates: ActivityRates, owner: Account | None
    ) -> None:
        self.addresses, self.plan, self.rates, self.owner = list(addresses), plan, rates, owner
        self.rest = RestClient(self.addresses)
        self.users: list[SimulatedUser] = []
        self.rooms: list[int] = []
        self.activity_counts: Counter[str] = Counter()
        self.revocations = History("revocations")  # the access that users lost
        self.clients: list[Client] = []  # the clients of all tabs that were ever open
        self.stopping = asyncio.Event()
        # The tasks that end when the simulation is stopping.
        self._activities: list[asyncio.Task[None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()
        self._decode = lru_cache(DECODED_TEXTS)(json.loads)
        self._acknowledged_at: list[float] = []

    @property
    def tabs(self) -> list[SimulatedTab]:
        """The tabs of all users who are signed in and not banned."""
        return [tab for user in self.users if not user.signed_out for tab in user.tabs]

    @property
    def listeners(self) -> set[str]:
        """The names of the tabs that always show busy rooms. Only their silences count."""
        staying = [user for user in self.users if user.behaviour is Behaviour.STAY]
        return {tab.name for user in staying for tab in user.tabs if tab.wanted}

    @property
    def left_early(self) -> set[str]:
        """The names of the tabs that lost their session.

        Their views were last updated when the session was lost.
        """
        return {client.name for client in self.clients} - {tab.name for tab in self.tabs}

    @property
    def public_rooms(self) -> list[int]:
        planned = zip(self.rooms, self.plan.rooms, strict=True)
        return [room for room, plan in planned if plan.public]

    def creator_of(self, room: int) -> SimulatedUser:
        return self.users[self.plan.rooms[self.rooms.index(room)].members[0]]

    def acknowledged_since(self, at: float) -> int:
        """Return how many messages have been answered with `ok` since `at` (monotonic)."""
        return len(self._acknowledged_at) - bisect_left(self._acknowledged_at, at)

    async def wait_until_recovered(self, within: float) -> None:
        """Wait until every tab shows its rooms live, and each listener has received a new event.

        Raises TimeoutError. It names a tab that has not recovered.
        """
        deadline = time.monotonic() + within
        for tab in self.tabs:
            # A tab that loses its session in the meantime never recovers, so do not wait for that
            # tab.
            await tab.wait_until(
                lambda tab: tab.is_recovered or tab not in self.tabs, "has not recovered", deadline
            )
        now, listeners = time.monotonic(), self.listeners
        for tab in self.tabs:
            if tab.name in listeners and not self.stopping.is_set():
                await tab.wait_until(
                    lambda tab: tab.has_received_since(now), "receives nothing", deadline
                )

    async def settle(self, within: float) -> None:
        """Stop all activities.

        Wait until everything is answered and every tab shows its rooms up to the ends of their
        logs.

        Raises TimeoutError, which names what is missing. This does not wait for presence: call
        `wait_until_presence_agrees` for that.
        """
        self.stopping.set()
        deadline = time.monotonic() + within
        _, unfinished = await asyncio.wait(self._activities, timeout=within)
        self.raise_errors()
        if unfinished:
            names = ", ".join(sorted(task.get_name() for task in unfinished)[:5])
            raise TimeoutError(f"After {within:.0f} s these have not finished: {names}.")
        for tab in self.tabs:
            await tab.wait_until(lambda tab: tab.is_recovered, "has not recovered", deadline)
            await tab.wait_until(lambda tab: not tab.pending, "has no answer", deadline)
        for room in self.rooms:
            await self._wait_until_all_show(room, deadline)

    async def wait_until_presence_agrees(self, within: float) -> None:
        """Wait until every tab shows exactly the users who have the room open.

        Call this when the simulation has settled.
        """
        deadline = time.monotonic() + within
        for room in self.rooms:
            present = {
                user.account.id
                for user in self.users
                for tab in user.tabs
                if not user.signed_out and tab.online(room) is not None
            }
            await self._wait_until_all_see(room, present, deadline)

    async def histories(self) -> list[History]:
        """Close all clients at the same moment. Return their histories and the revocations."""
        self.stop()
        histories = await asyncio.gather(*(client.close() for client in self.clients))
        return [*histories, self.revocations]

    def start(
        self, work: Coroutine[Any, Any, None], name: str, *, is_activity: bool = True
    ) -> None:
        """Start a task. An activity ends by itself when the simulation is stopping."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.append(task)
        if is_activity:
            self._activities.append(task)

    def raise_errors(self) -> None:
        """Raise the first error of the simulation itself, if there is one."""
        for error in self.pop_errors().values():
            raise error

    def pop_errors(self) -> dict[str, BaseException]:
        """Return the errors of the simulation itself, by task. They are then no longer raised."""
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        errors = {task.get_name(): task.exception() for task in ended}
        self._tasks = [task for task in self._tasks if task not in ended]
        return {name: error for name, error in errors.items() if error is not None}

    def stop(self) -> None:
        self.stopping.set()
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()
        self.rest.close()

    async def open_tab(self, user: SimulatedUser, wanted: set[int]) -> None:
        """Open one more tab of a user. It shows the wanted rooms as soon as it can."""
        name = user.next_tab_name()
        history = History(name, watch=self._watch)
        identity = user.account.identity
        client = Client(name, identity, self.addresses, history=history, decode=self._decode)
        self.clients.append(client)
        user.tabs.append(SimulatedTab(client, set(wanted), user.removed_from))
        await self._stack.enter_async_context(client)

    async def _wait_until_all_show(self, room: int, deadline: float) -> None:
        creator = self.creator_of(room).account
        last = (await self.rest.call(creator, "GET", f"/rooms/{room}"))["seq"]
        for tab in self.tabs:
            await tab.wait_until(
                lambda tab: tab.position(room) in (None, last),
                f"is behind in room {room}",
                deadline,
            )

    async def _wait_until_all_see(self, room: int, present: set[int], deadline: float) -> None:
        problem = f"does not see exactly {sorted(present)} in room {room}"
        for tab in self.tabs:
            await tab.wait_until(lambda tab: tab.online(room) in (None, present), problem, deadline)

    def _watch(self, entry: Entry) -> None:
        match entry:
            case CommandAnswered(command={"type": "message.send"}, code=None):
                self._acknowledged_at.append(entry.at)

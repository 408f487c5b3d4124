"""A crowd of people who chat, as whoever does things to their place sees it.

What everybody saw and did is in the histories, for the checker. Where it waits, it waits for what
the clients themselves see: it knows neither the database nor the servers.
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
from loadtests.lib.simulation.rest_client import Rest
from loadtests.lib.simulation.simulated_user import SimulatedTab, SimulatedUser

# An event reaches every tab as the same text: it is decoded once.
TEXTS_REMEMBERED = 4_096


class Simulation:
    """Made by `people`. `acts` counts what was done; `rooms` are ids, in the plan's order."""

    def __init__(
        self, addresses: Sequence[str], plan: Plan, rates: ActivityRates, owner: Account | None
    ) -> None:
        self.addresses, self.plan, self.rates, self.owner = list(addresses), plan, rates, owner
        self.rest = Rest(self.addresses)
        self.users: list[SimulatedUser] = []
        self.rooms: list[int] = []
        self.activity_counts: Counter[str] = Counter()
        self.revocations = History("the crowd")  # what was done to people
        self.clients: list[Client] = []  # of all tabs that there ever were
        self.stopping = asyncio.Event()
        self._lives: list[asyncio.Task[None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()
        self._decode = lru_cache(TEXTS_REMEMBERED)(json.loads)
        self._acknowledged: list[float] = []

    @property
    def tabs(self) -> list[SimulatedTab]:
        """The tabs of all who are there: not those of the banned and the signed out."""
        return [tab for one in self.users if not one.signed_out for tab in one.tabs]

    @property
    def listeners(self) -> set[str]:
        """The names of the tabs that show rooms with talk all the time: whose silence counts."""
        sitters = [one for one in self.users if one.behaviour is Behaviour.STAY]
        return {tab.name for one in sitters for tab in one.tabs if tab.wanted}

    @property
    def left_early(self) -> set[str]:
        """The names of the tabs that were sent away: their last views are of that moment."""
        return {client.name for client in self.clients} - {tab.name for tab in self.tabs}

    @property
    def public_rooms(self) -> list[int]:
        planned = zip(self.rooms, self.plan.rooms, strict=True)
        return [room for room, plan in planned if plan.public]

    def creator_of(self, room: int) -> SimulatedUser:
        return self.users[self.plan.rooms[self.rooms.index(room)].members[0]]

    def acknowledged_since(self, at: float) -> int:
        """Return how many messages were answered `ok` since then, in monotonic time."""
        return len(self._acknowledged) - bisect_left(self._acknowledged, at)

    async def wait_until_recovered(self, within: float) -> None:
        """Wait until every tab shows its rooms live, and who listens has heard something new.

        Raises TimeoutError, which names a tab that is not back.
        """
        deadline = time.monotonic() + within
        for tab in self.tabs:
            # Whoever is sent away meanwhile will not be back.
            await tab.wait_until(
                lambda tab: tab.is_recovered or tab not in self.tabs, "is not back", deadline
            )
        now, listeners = time.monotonic(), self.listeners
        for tab in self.tabs:
            if tab.name in listeners and not self.stopping.is_set():
                await tab.wait_until(
                    lambda tab: tab.has_received_since(now), "hears nothing", deadline
                )

    async def settle(self, within: float) -> None:
        """Have everybody stop; wait until all is answered and every tab shows the logs' ends.

        Raises TimeoutError, which names what did not come. Who is still shown to be there is not
        waited for: for that there is `until_all_agree`.
        """
        self.stopping.set()
        deadline = time.monotonic() + within
        _, unfinished = await asyncio.wait(self._lives, timeout=within)
        self.raise_errors()
        if unfinished:
            names = ", ".join(sorted(task.get_name() for task in unfinished)[:5])
            raise TimeoutError(f"After {within:.0f} s these are not done: {names}.")
        for tab in self.tabs:
            await tab.wait_until(lambda tab: tab.is_recovered, "is not back", deadline)
            await tab.wait_until(lambda tab: not tab.pending, "has no answer", deadline)
        for room in self.rooms:
            await self._until_all_show(room, deadline)

    async def wait_until_presence_agrees(self, within: float) -> None:
        """Wait until every tab shows just those who have the room open; call it when settled."""
        deadline = time.monotonic() + within
        for room in self.rooms:
            there = {
                one.account.id
                for one in self.users
                for tab in one.tabs
                if not one.signed_out and tab.online(room) is not None
            }
            await self._until_all_see(room, there, deadline)

    async def histories(self) -> list[History]:
        """Have everybody go at the same moment; return what all of them saw, and the deeds."""
        self.stop()
        seen = await asyncio.gather(*(client.close() for client in self.clients))
        return [*seen, self.revocations]

    def start(self, work: Coroutine[Any, Any, None], name: str, *, life: bool = True) -> None:
        """Begin a task; one that is somebody's life ends by itself when it is time to stop."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.append(task)
        if life:
            self._lives.append(task)

    def raise_errors(self) -> None:
        """Raise what went wrong in the crowd itself, if anything did."""
        for fault in self.pop_errors().values():
            raise fault

    def pop_errors(self) -> dict[str, BaseException]:
        """Return what went wrong in the crowd itself, by task; it is raised no more."""
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        faults = {task.get_name(): task.exception() for task in ended}
        self._tasks = [task for task in self._tasks if task not in ended]
        return {name: fault for name, fault in faults.items() if fault is not None}

    def stop(self) -> None:
        self.stopping.set()
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()
        self.rest.close()

    async def open_tab(self, me: SimulatedUser, wanted: set[int]) -> None:
        """Give somebody one more tab that shows these rooms as soon as it can."""
        client = Client(me.name_a_tab(), me.account.identity, self.addresses, self._decode)
        client.history.watch = self._watch
        self.clients.append(client)
        me.tabs.append(SimulatedTab(client, set(wanted), me.removed_from))
        await self._stack.enter_async_context(client)

    async def _until_all_show(self, room: int, deadline: float) -> None:
        maker = self.creator_of(room).account
        behind = f"is behind in room {room}"
        last = (await self.rest.call(maker, "GET", f"/rooms/{room}"))["seq"]
        for tab in self.tabs:
            await tab.wait_until(lambda tab: tab.position(room) in (None, last), behind, deadline)

    async def _until_all_see(self, room: int, there: set[int], deadline: float) -> None:
        but = f"does not see just {sorted(there)} in room {room}"
        for tab in self.tabs:
            await tab.wait_until(lambda tab: tab.online(room) in (None, there), but, deadline)

    def _watch(self, entry: Entry) -> None:
        match entry:
            case CommandAnswered(command={"type": "message.send"}, code=None):
                self._acknowledged.append(entry.at)

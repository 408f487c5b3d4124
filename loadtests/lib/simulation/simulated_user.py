"""One user of a simulation: the account, open tabs, sent messages, and a random generator."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from loadtests.lib.client import Client
from loadtests.lib.client.history import EventReceived
from loadtests.lib.simulation.account import Account
from loadtests.lib.simulation.plan import Behaviour


@dataclass(slots=True, eq=False)
class SimulatedTab:
    """A client and the rooms that its page shows."""

    client: Client
    wanted: set[int]
    # Rooms that the user was removed from; all tabs of the user share this set.
    removed_from: set[int]

    @property
    def name(self) -> str:
        return self.client.name

    @property
    def missing(self) -> set[int]:
        """The rooms that the tab should show but is not subscribed to."""
        return self.wanted - self.removed_from - self.client.protocol.subscriptions.keys()

    @property
    def is_recovered(self) -> bool:
        subscribed = (room for room in self.wanted if room in self.client.protocol.subscriptions)
        live = all(self.client.is_open(room) for room in subscribed)
        return self.client.connected and not self.missing and live

    def has_received_since(self, at: float) -> bool:
        newest = self.client.history.newest(EventReceived)
        return newest is not None and newest.at > at

    @property
    def pending(self) -> bool:
        """True if a command of the tab has no answer yet."""
        return bool(self.client.protocol.pending)

    def position(self, room: int) -> int | None:
        """Return the seq up to which the tab shows a room.

        Return None if the tab does not show the room, or is still loading it.
        """
        subscription = self.client.protocol.subscriptions.get(room)
        return None if subscription is None else subscription.position

    def online(self, room: int) -> set[int] | None:
        """Return whom the tab shows as online in a room.

        Return None if the tab does not show the room, or shows only a count.
        """
        subscription = self.client.protocol.subscriptions.get(room)
        return None if subscription is None else subscription.online

    async def wait_until(
        self, condition: "Callable[[SimulatedTab], object]", problem: str, deadline: float
    ) -> None:
        """Wait until a condition holds.

        Raises TimeoutError with the tab's name and `problem` if it does not hold in time.
        """
        try:
            left = max(0.0, deadline - time.monotonic())
            await self.client.wait_until(lambda: condition(self), left)
        except TimeoutError:
            at = self.client.address or "no address yet"
            raise TimeoutError(f"{self.name} {problem} (its last socket was at {at}).") from None


@dataclass(slots=True)
class SimulatedUser:
    account: Account
    behaviour: Behaviour
    random: Random
    # Rooms that the user is a member of from the start.
    rooms: list[int] = field(default_factory=list)
    tabs: list[SimulatedTab] = field(default_factory=list)
    removed_from: set[int] = field(default_factory=set)  # rooms that the user was removed from
    signed_out: bool = False  # True if the user has signed out or is banned
    tabs_opened: int = 0

    def next_tab_name(self) -> str:
        self.tabs_opened += 1
        return f"{self.account.username}, tab {self.tabs_opened}"

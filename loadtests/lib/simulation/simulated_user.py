"""One of the crowd while it lives: the person, their tabs, their dice, what they said."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from loadtests.lib.client import Client
from loadtests.lib.client.history import EventReceived
from loadtests.lib.simulation.account import Account
from loadtests.lib.simulation.plan import Behaviour

REMEMBERED = 20  # own messages in each room, for edits and deletions


@dataclass(slots=True, eq=False)
class SimulatedTab:
    """A client and the rooms that its page shows, but for those that its person is barred from."""

    client: Client
    wanted: set[int]
    removed_from: set[int]  # the person's

    @property
    def name(self) -> str:
        return self.client.name

    @property
    def missing(self) -> set[int]:
        """The rooms that it should show and is not subscribed to."""
        return self.wanted - self.removed_from - self.client.protocol.subscriptions.keys()

    @property
    def is_recovered(self) -> bool:
        open_now = (room for room in self.wanted if room in self.client.protocol.subscriptions)
        live = all(self.client.is_open(room) for room in open_now)
        return self.client.connected and not self.missing and live

    def has_received_since(self, at: float) -> bool:
        newest = (
            one.at
            for one in reversed(self.client.history.entries)
            if isinstance(one, EventReceived)
        )
        return next(newest, 0.0) > at

    @property
    def pending(self) -> bool:
        """Whether a command has no answer yet."""
        return bool(self.client.protocol.pending)

    def position(self, room: int) -> int | None:
        """Return the seq up to which it shows a room; None where it shows it not, or loads."""
        shown = self.client.protocol.subscriptions.get(room)
        return None if shown is None else shown.position

    def online(self, room: int) -> set[int] | None:
        """Return whom it shows in a room; None where it shows no room, or only a count."""
        shown = self.client.protocol.subscriptions.get(room)
        return None if shown is None else shown.online

    async def wait_until(
        self, condition: "Callable[[SimulatedTab], object]", but: str, deadline: float
    ) -> None:
        """Wait until a condition holds; raises TimeoutError, which says that the tab `but`."""
        try:
            left = max(0.0, deadline - time.monotonic())
            await self.client.wait_until(lambda: condition(self), left)
        except TimeoutError:
            at = self.client.address or "any address"
            raise TimeoutError(f"{self.name} {but} (its last socket was at {at}).") from None


@dataclass(slots=True)
class SimulatedUser:
    account: Account
    behaviour: Behaviour
    dice: Random
    rooms: list[int] = field(default_factory=list)  # that they were put into at the start
    tabs: list[SimulatedTab] = field(default_factory=list)
    sent: dict[int, list[int]] = field(default_factory=dict)  # room: ids of newest messages
    removed_from: set[int] = field(default_factory=set)  # rooms that they were put out of
    signed_out: bool = False  # banned or signed out
    tabs_named: int = 0

    def name_a_tab(self) -> str:
        self.tabs_named += 1
        return f"{self.account.username}, tab {self.tabs_named}"

    def remember(self, room: int, message: int) -> None:
        said = self.sent.setdefault(room, [])
        said.append(message)
        del said[:-REMEMBERED]

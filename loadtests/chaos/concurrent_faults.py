"""Which other faults may explain what users notice during a fault. Pure.

Of several server faults, the longest limit counts. A client fault extends no other limit; instead,
the clients that it affects are left out while it lasts: a tab that was cut off on purpose says
nothing about a replica that was killed at the same time. The same applies to tabs that receive
messages only from such clients.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from loadtests.chaos.executor import Execution
from loadtests.chaos.fault_kind import Target
from loadtests.lib.checker.intervals import Interval
from loadtests.lib.checker.silence import FOREVER
from loadtests.lib.client.history import CommandSent, History, Subscribed


@dataclass(frozen=True, slots=True)
class ClientImpact:
    """The clients that a client fault affects, and when."""

    clients: Collection[str]
    started: float
    settled: float

    def explains(self, client: str, interval: Interval) -> bool:
        """Whether this may be why nothing from or to a client was received at that time."""
        overlaps = interval[0] < self.settled and self.started < interval[1]
        return client in self.clients and overlaps


class Audience:
    """Who received whose messages in a run."""

    def __init__(self, histories: Sequence[History]) -> None:
        self._senders: dict[int, set[str]] = defaultdict(set)  # of each room
        self._rooms: dict[str, set[int]] = defaultdict(set)  # of each client
        for history in histories:
            for entry in history.entries:
                match entry:
                    case CommandSent(command={"type": "message.send", "room": int() as room}):
                        self._senders[room].add(history.name)
                    case Subscribed(room=room):
                        self._rooms[history.name].add(room)

    def with_listeners(self, clients: set[str]) -> set[str]:
        """Return these clients, and those who receive messages only from them."""
        others = {room for room, senders in self._senders.items() if not senders <= clients}
        return clients | {name for name, rooms in self._rooms.items() if not rooms & others}


@dataclass(frozen=True, slots=True)
class ConcurrentFaults:
    """The other faults that matter when one fault of a run is judged."""

    of_servers: list[Execution]
    of_clients: list[ClientImpact]
    cut_off: float  # when the next outage starts; in a run of single faults, the next fault

    @classmethod
    def of(
        cls, one: Execution, executions: Sequence[Execution], audience: Audience, *, alone: bool
    ) -> "ConcurrentFaults":
        others = [other for other in executions if other is not one]
        return cls(
            of_servers=[other for other in others if other.kind.target is not Target.CLIENTS],
            of_clients=[
                ClientImpact(audience.with_listeners(other.affected), other.started, other.settled)
                for other in others
                if other.affected
            ],
            cut_off=_next_start(one, [other for other in others if alone or other.kind.outage]),
        )

    def allow(self, limit: float, interval: Interval) -> bool:
        """Whether an interval is within this fault's limit, or within that of another fault."""
        lasted = interval[1] - interval[0]
        return lasted <= limit or lasted <= self._longest_limit(limit, interval)

    def _longest_limit(self, limit: float, interval: Interval) -> float:
        limits = (
            other.kind.limits.silence
            for other in self.of_servers
            if other.started < interval[1] and interval[0] < other.settled
        )
        return max(limit, *(silence or 0.0 for silence in limits), 0.0)


def _next_start(one: Execution, others: Sequence[Execution]) -> float:
    return min((other.started for other in others if other.started >= one.settled), default=FOREVER)

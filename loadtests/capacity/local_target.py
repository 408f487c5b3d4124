"""One replica on this machine, with its own Postgres and Redis, and the benchmark's load client.

That client is in C and costs a tenth of what it loads: on one machine, what the generator takes is
missing to the servers. The replica is asked directly; nginx would take of the same cores.
Everybody has two rooms open: the lobby of all, and one of a hundred, which is where they talk.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import ceil

import psutil

from loadtests.capacity.criteria import Step
from loadtests.capacity.message_rates import TALK_SECONDS
from loadtests.lib.load_client.client import Load, Plan, Result, running
from loadtests.lib.monitoring.process_usage import cpu_seconds, usage
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.bulk_rooms import lobby_of, make_rooms
from loadtests.lib.systems.hubbub import Hubbub, start

GROUP = 1_000  # people whom one process of the load client plays
ROOM = 100
WRITERS = 10  # of each room, in turn
WINDOW_SECONDS = 8.0
WARM_SECONDS = 2.0  # who has just opened a room is told of to all who have it open
DRAIN_SECONDS = 10.0
PERCENTILE = 0.99
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Group:
    load: Load
    people: int
    writers: int
    stack: ExitStack


@dataclass(slots=True)
class Used:
    """What the replica and the machine used; called when a window begins and when it ends."""

    pid: int
    replica: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        times = psutil.cpu_times()
        self.replica.append(cpu_seconds([self.pid]))
        self.whole.append(sum(times))
        self.busy.append(sum(times) - times.idle - times.iowait)

    @property
    def machine_percent(self) -> float:
        return 100 * (self.busy[1] - self.busy[0]) / (self.whole[1] - self.whole[0])


class Here:
    replicas = 1

    def __init__(self, servers: Servers, peer: Hubbub) -> None:
        self._peer = peer
        [self._pid] = peer.parts["replicas"]
        self._lobby = lobby_of(servers.cluster)
        self._rooms = make_rooms(servers.cluster, rooms_for(servers.people), ROOM)
        self._groups: list[Group] = []

    def sockets(self, amount: float) -> Step:
        """Have so many people there, and measure while they talk as people do."""
        self.keep(amount)
        while self._there < amount:
            self._come(min(GROUP, int(amount) - self._there))
        return self.messages(amount / TALK_SECONDS)

    def messages(self, rate: float) -> Step:
        """Measure while those who are there say so many messages a second, all together."""
        used = Used(self._pid)
        with ThreadPoolExecutor(len(self._groups)) as threads:
            talks = [
                threads.submit(self._talk, group, rate, used if number == 0 else None)
                for number, group in enumerate(self._groups)
            ]
            results = [talk.result() for talk in talks]
        memory = usage(self._pid)["resident_bytes"] / MIB
        return step_of(results, self._there, rate, used, memory)

    def keep(self, sockets: float) -> None:
        """Have those who came last go, a group at a time, until at most so many are there."""
        for _ in range(leaving([group.people for group in self._groups], sockets)):
            self._groups.pop().stack.close()

    def close(self) -> None:
        for group in reversed(self._groups):
            group.stack.close()

    @property
    def _there(self) -> int:
        return sum(group.people for group in self._groups)

    def _come(self, people: int) -> None:
        first = self._there
        rooms = [self._rooms[number // ROOM] for number in range(first, first + people)]
        seats = [
            self._peer.seat(first + number, self._peer.addresses[0], [self._lobby, room])
            for number, room in enumerate(rooms)
        ]
        senders = [(number, room) for number, room in enumerate(rooms) if number % ROOM < WRITERS]
        with ExitStack() as stack:
            load = stack.enter_context(running(Plan(self._peer.dialect, seats, senders)))
            self._groups.append(Group(load, people, len(senders), stack.pop_all()))

    def _talk(self, group: Group, rate: float, used: Used | None) -> Result:
        return group.load.paced(
            rate * group.people / self._there,
            WINDOW_SECONDS,
            used or (lambda: None),
            senders=group.writers,
            warm=WARM_SECONDS,
            drain=DRAIN_SECONDS,
        )


def rooms_for(people: int) -> int:
    """Return how many rooms they fill, the last one maybe not whole."""
    return ceil(people / ROOM)


def leaving(groups: Sequence[int], most: float) -> int:
    """Return how many of the last groups go so that at most so many people are there.

    The first stays, however many it has: somebody has to be there to talk.
    """
    return next(
        (gone for gone in range(len(groups)) if sum(groups[: len(groups) - gone]) <= most),
        max(0, len(groups) - 1),
    )


@contextmanager
def here(most_sockets: int) -> Iterator[Here]:
    """Start what is measured, with as many people as are ever needed."""
    with Servers(most_sockets) as servers:
        assert servers.identities  # made before the replica starts
        with start(servers, 1) as peer:
            place = Here(servers, peer)
            try:
                yield place
            finally:
                place.close()


def step_of(
    results: Sequence[Result], sockets: int, rate: float, used: Used, memory_mib: float
) -> Step:
    """Return what several processes of the load client measured at the same time, as one."""
    seconds = max(float(one["seconds"]) for one in results)
    deliveries = sum(one["deliveries"] for one in results)
    wrongs = ("lost", "doubled", "disordered", "problems", "closed")
    return Step(
        sockets=sockets,
        messages_per_second=rate,
        answered_per_second=sum(one["answered"] for one in results) / seconds,
        deliveries_per_second=deliveries / seconds,
        deliver_p99_ms=p99_ms(results),
        cpu_percent=100 * (used.replica[1] - used.replica[0]) / seconds,
        memory_mib=memory_mib,
        # With nothing delivered nothing was shown.
        wrong=sum(int(one[name]) for one in results for name in wrongs) + (deliveries == 0),
        generator_percent=max(100 * float(one["generator_cpu"]) for one in results),
        machine_percent=used.machine_percent,
    )


def p99_ms(results: Sequence[Result]) -> float:
    """Return the percentile of all deliveries, from the histograms added up; 0 where none came."""
    counts = Counter[int]()
    for one in results:
        counts.update(dict(one["delivery"]["buckets"]))
    due = PERCENTILE * counts.total()
    for upper_us in sorted(counts):
        due -= counts[upper_us]
        if due <= 0:
            return upper_us / 1_000
    return 0.0

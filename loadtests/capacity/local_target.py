"""One replica on this machine, with its own Postgres and Redis, loaded by the C load client.

On one machine, the generator takes CPU time from the servers. The load client uses only a tenth of
the servers' CPU time. It connects to the replica directly, because nginx would use the same cores.
Every user has two rooms open: the lobby, and a room of a hundred members, where the messages are
sent.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import ceil

from loadtests.capacity.criteria import SECONDS_BETWEEN_MESSAGES, MeasuredLoad
from loadtests.lib.load_client import ClientPlan, LoadClient, Result, percentile_ms, running
from loadtests.lib.monitoring.process_usage import usage
from loadtests.lib.reporting.numbers import MIB
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.bulk_rooms import lobby_of, make_rooms
from loadtests.lib.systems.hubbub import Hubbub, start
from loadtests.lib.systems.usage_window import UsageWindow

GROUP_SIZE = 1_000  # users that each process of the load client connects
ROOM_SIZE = 100
WRITERS = 10  # members of each room who send, taking turns
WINDOW_SECONDS = 8.0
WARM_UP_SECONDS = 2.0  # everyone who has a room open is notified when a user opens it
DRAIN_SECONDS = 10.0
PERCENTILE = 0.99
ERRORS = ("lost", "duplicated", "reordered", "problems", "closed")


@dataclass(frozen=True, slots=True)
class Group:
    """The users of one process of the load client."""

    client: LoadClient
    users: int
    writers: int
    stack: ExitStack


class LocalTarget:
    replicas = 1

    def __init__(self, backends: Backends, hubbub: Hubbub) -> None:
        self._hubbub = hubbub
        [self._pid] = hubbub.processes["replicas"]
        self._lobby = lobby_of(backends.cluster)
        self._rooms = make_rooms(backends.cluster, rooms_for(backends.users), ROOM_SIZE)
        self._groups: list[Group] = []

    def measure_connections(self, amount: float) -> MeasuredLoad:
        """Connect `amount` users, and measure while they send messages at a human pace."""
        self.reduce_to(amount)
        while self._connected < amount:
            self._add_group(min(GROUP_SIZE, int(amount) - self._connected))
        return self.measure_messages(amount / SECONDS_BETWEEN_MESSAGES)

    def measure_messages(self, rate: float) -> MeasuredLoad:
        """Measure while the connected users send `rate` messages a second in total."""
        window = UsageWindow(self._hubbub, reads_stall=False)
        with ThreadPoolExecutor(len(self._groups)) as threads:
            loads = [
                threads.submit(self._send, group, rate, window if number == 0 else None)
                for number, group in enumerate(self._groups)
            ]
            results = [load.result() for load in loads]
        memory = usage(self._pid)["resident_bytes"] / MIB
        used = (window.cpu["replicas"], window.machine_percent, memory)
        return step_of(results, self._connected, rate, *used)

    def reduce_to(self, connections: float) -> None:
        """Disconnect the newest groups until at most `connections` users are left."""
        for _ in range(groups_to_close([group.users for group in self._groups], connections)):
            self._groups.pop().stack.close()

    def close(self) -> None:
        for group in reversed(self._groups):
            group.stack.close()

    @property
    def _connected(self) -> int:
        return sum(group.users for group in self._groups)

    def _add_group(self, users: int) -> None:
        first, address = self._connected, self._hubbub.addresses[0]
        rooms = [self._rooms[number // ROOM_SIZE] for number in range(first, first + users)]
        connections = [
            self._hubbub.connection(first + number, address, [self._lobby, room])
            for number, room in enumerate(rooms)
        ]
        writers = [
            (number, room) for number, room in enumerate(rooms) if number % ROOM_SIZE < WRITERS
        ]
        with ExitStack() as stack:
            plan = ClientPlan(self._hubbub.dialect, connections, writers)
            client = stack.enter_context(running(plan))
            self._groups.append(Group(client, users, len(writers), stack.pop_all()))

    def _send(self, group: Group, rate: float, window: UsageWindow | None) -> Result:
        return group.client.paced(
            rate * group.users / self._connected,
            WINDOW_SECONDS,
            window or (lambda: None),
            senders=group.writers,
            warm_up=WARM_UP_SECONDS,
            drain=DRAIN_SECONDS,
        )


def rooms_for(users: int) -> int:
    """Return how many rooms this many users fill. The last room is not always full."""
    return ceil(users / ROOM_SIZE)


def groups_to_close(groups: Sequence[int], most: float) -> int:
    """Return how many of the last groups must be closed so that at most `most` users are left.

    The first group always stays, because some users have to send messages.
    """
    return next(
        (closed for closed in range(len(groups)) if sum(groups[: len(groups) - closed]) <= most),
        max(0, len(groups) - 1),
    )


@contextmanager
def local_target(most_connections: int) -> Iterator[LocalTarget]:
    """Start the replica. Create as many users as the largest step can need."""
    with Backends(most_connections) as backends:
        # The first use of `sessions` creates the users, and must come before the replica starts.
        assert backends.sessions
        with start(backends, 1) as hubbub:
            target = LocalTarget(backends, hubbub)
            try:
                yield target
            finally:
                target.close()


def step_of(
    results: Sequence[Result],
    connections: int,
    rate: float,
    cpu_seconds: float,
    machine_percent: float,
    memory_mib: float,
) -> MeasuredLoad:
    """Return one step from what several processes of the load client measured at the same time."""
    seconds = max(float(one["seconds"]) for one in results)
    deliveries = sum(one["deliveries"] for one in results)
    errors = sum(int(one[name]) for one in results for name in ERRORS)
    return MeasuredLoad(
        connections=connections,
        messages_per_second=rate,
        acked_per_second=sum(one["acked"] for one in results) / seconds,
        deliveries_per_second=deliveries / seconds,
        delivery_p99_ms=p99_ms(results),
        cpu_percent=100 * cpu_seconds / seconds,
        memory_mib=memory_mib,
        errors=errors + (deliveries == 0),  # a step without deliveries proves nothing
        generator_percent=max(100 * float(one["generator_cpu"]) for one in results),
        machine_percent=machine_percent,
    )


def p99_ms(results: Sequence[Result]) -> float:
    """Return the 99th percentile of the deliveries to all load clients; 0 if there were none.

    The percentile is read from the sum of the clients' histograms.
    """
    counts = Counter[int]()
    for one in results:
        counts.update(dict(one["delivery"]["buckets"]))
    return percentile_ms(sorted(counts.items()), PERCENTILE)

"""One room with messages at a steady rate ("quiet"), then as fast as the server can ("hot")."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from loadtests.bench.records import Record, record, total_deliveries_per_second
from loadtests.bench.sizes import Sizes
from loadtests.bench.systems import SYSTEMS, System
from loadtests.lib.load_client import ClientPlan, LoadClient, running
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.usage_window import UsageWindow

SATURATED_MS = 1_000
# When a user opens a room, everyone who has it open is notified. Wait until this is over.
WARM_UP_SECONDS = 2.0


def measure(backends: Backends, sizes: Sizes, name: str, replicas: int) -> list[Record]:
    """Measure the quiet and the hot room of a system.

    The system is restarted for each room, because a system that cannot keep up stays busy long
    after the load.
    """
    with SYSTEMS[name](backends, replicas) as system, open_room(system, sizes.members) as room:
        steady = quiet(room, sizes.rate, sizes)
    with SYSTEMS[name](backends, replicas) as system, open_room(system, sizes.members) as room:
        return [steady, hottest(room, sizes)]


def measure_two_replicas(backends: Backends, sizes: Sizes, name: str) -> list[Record]:
    """Measure a quiet room over two replicas, at a lower rate."""
    with SYSTEMS[name](backends, 2) as system, open_room(system, sizes.members) as room:
        return [quiet(room, sizes.two_replicas_rate, sizes, "two replicas")]


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """A room whose members are all connected; each of them may send."""

    system: System
    client: LoadClient
    members: int


@contextmanager
def open_room(system: System, members: int) -> Iterator[OpenRoom]:
    rooms = system.make_rooms(1, members)
    senders = [(number, rooms[0]) for number in range(members)]
    with running(ClientPlan(system.dialect, system.connections(rooms, members), senders)) as client:
        yield OpenRoom(system, client, members)


def quiet(room: OpenRoom, rate: float, sizes: Sizes, load: str = "quiet") -> Record:
    window = UsageWindow(room.system)
    waits = {"warm_up": WARM_UP_SECONDS, "drain": sizes.drain}
    result = room.client.paced(rate, sizes.seconds, window, senders=room.members, **waits)
    return record(load, room.system, window, result, members=room.members, rate=rate)


def hottest(room: OpenRoom, sizes: Sizes) -> Record:
    """Try several numbers of senders, and return the best result.

    Which number is best depends on the server.
    """
    tries: list[Record] = []
    for senders in sizes.senders:
        tries.append(hot(room, senders, sizes))
        if tries[-1]["result"]["delivery"]["p50_ms"] > SATURATED_MS:
            break  # with more senders, each would only wait longer
    best = max(tries, key=total_deliveries_per_second)
    return best | {"tries": {one["senders"]: one["result"]["deliveries"] for one in tries}}


def hot(room: OpenRoom, senders: int, sizes: Sizes, load: str = "hot") -> Record:
    window, senders = UsageWindow(room.system), min(senders, room.members)
    result = room.client.closed(sizes.short, window, senders=senders, drain=sizes.drain)
    return record(load, room.system, window, result, members=room.members, senders=senders)

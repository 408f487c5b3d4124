"""Durable sends: messages are committed before they are acknowledged.

The load has many rooms of two users, over two replicas.
"""

from loadtests.bench.records import Record, acks_per_second, record
from loadtests.bench.sizes import Sizes
from loadtests.bench.systems import SYSTEMS, System
from loadtests.lib.load_client import ClientPlan, LoadClient, running
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.usage_window import UsageWindow

MEMBERS = 2
REPLICAS = 2


def measure(backends: Backends, sizes: Sizes, name: str) -> list[Record]:
    """Measure each number of writers while they send at full speed.

    Then measure the last number of writers at half the rate that it reached.
    """
    records = []
    with SYSTEMS[name](backends, REPLICAS) as system:
        for writers in sizes.writers:
            with running(plan_of(system, writers)) as client:
                records.append(_fast(system, client, writers, sizes))
                if writers == sizes.writers[-1]:
                    half = max(1.0, acks_per_second(records[-1]) / 2)
                    records.append(_paced(system, client, writers, half, sizes))
    return records


def plan_of(system: System, writers: int) -> ClientPlan:
    rooms = system.make_rooms(writers // MEMBERS, MEMBERS)
    senders = [(number, rooms[number // MEMBERS]) for number in range(writers)]
    return ClientPlan(system.dialect, system.connections(rooms, MEMBERS), senders)


def _fast(system: System, client: LoadClient, writers: int, sizes: Sizes) -> Record:
    window = UsageWindow(system)
    on_ack = bool(system.dialect.ack)
    result = client.closed(sizes.seconds, window, on_ack=on_ack, senders=writers)
    return record("sends", system, window, result, writers=writers)


def _paced(system: System, client: LoadClient, writers: int, rate: float, sizes: Sizes) -> Record:
    window = UsageWindow(system)
    result = client.paced(rate, sizes.seconds, window, senders=writers)
    return record("paced sends", system, window, result, writers=writers, rate=rate)

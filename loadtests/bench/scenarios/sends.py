"""Durable sends: many rooms of two, over two replicas, each message committed before its answer."""

from loadtests.bench.report.figures import answers_per_second
from loadtests.bench.sizes import Sizes
from loadtests.bench.systems import PEERS, Peer
from loadtests.bench.window import Record, Window, record
from loadtests.lib.load_client.client import Load, Plan, running
from loadtests.lib.systems.backends import Servers

MEMBERS = 2
REPLICAS = 2


def measure(servers: Servers, sizes: Sizes, name: str) -> list[Record]:
    """Return each number of writers as fast as it goes, then the last one at half of that."""
    records = []
    with PEERS[name](servers, REPLICAS) as peer:
        for writers in sizes.writers:
            with running(plan_of(peer, writers)) as load:
                records.append(_fast(peer, load, writers, sizes))
                if writers == sizes.writers[-1]:
                    half = max(1.0, answers_per_second(records[-1]) / 2)
                    records.append(_paced(peer, load, writers, half, sizes))
    return records


def plan_of(peer: Peer, writers: int) -> Plan:
    rooms = peer.make_rooms(writers // MEMBERS, MEMBERS)
    senders = [(number, rooms[number // MEMBERS]) for number in range(writers)]
    return Plan(peer.dialect, peer.seats(rooms, MEMBERS), senders)


def _fast(peer: Peer, load: Load, writers: int, sizes: Sizes) -> Record:
    window = Window(peer)
    result = load.closed(
        sizes.seconds, window, on_answer=bool(peer.dialect.answer), senders=writers
    )
    return record("sends", peer, window, result, writers=writers)


def _paced(peer: Peer, load: Load, writers: int, rate: float, sizes: Sizes) -> Record:
    window = Window(peer)
    result = load.paced(rate, sizes.seconds, window, senders=writers)
    return record("paced sends", peer, window, result, writers=writers, rate=rate)

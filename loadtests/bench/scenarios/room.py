"""One room: messages at a steady rate, and as fast as it goes."""

from collections.abc import Iterator
from contextlib import contextmanager

from loadtests.bench.sizes import Sizes
from loadtests.bench.systems import PEERS, Peer
from loadtests.bench.window import Record, Window, record
from loadtests.lib.load_client.client import Load, Plan, running
from loadtests.lib.systems.backends import Servers

SATURATED_MS = 1_000


def measure(servers: Servers, sizes: Sizes, name: str, replicas: int) -> list[Record]:
    """Return the quiet and the hot room of a peer.

    Each on a peer started anew: one that cannot keep up is still at it long after the load's end.
    """
    with PEERS[name](servers, replicas) as peer, open_room(peer, sizes.members) as load:
        steady = quiet(peer, load, sizes.members, sizes.rate, sizes)
    with PEERS[name](servers, replicas) as peer, open_room(peer, sizes.members) as load:
        return [steady, hottest(peer, load, sizes.members, sizes)]


def measure_spread(servers: Servers, sizes: Sizes, name: str) -> list[Record]:
    """Return a room over two replicas at a gentler rate."""
    with PEERS[name](servers, 2) as peer, open_room(peer, sizes.members) as load:
        return [quiet(peer, load, sizes.members, sizes.spread_rate, sizes, "spread")]


@contextmanager
def open_room(peer: Peer, members: int) -> Iterator[Load]:
    """Have all members of a new room open it; each may send."""
    rooms = peer.make_rooms(1, members)
    seats = peer.seats(rooms, members)
    senders = [(number, rooms[0]) for number in range(members)]
    with running(Plan(peer.dialect, seats, senders)) as load:
        yield load


def quiet(
    peer: Peer, load: Load, members: int, rate: float, sizes: Sizes, part: str = "quiet"
) -> Record:
    window = Window(peer)
    # Two seconds first: who has just opened a room is told of to all who have it open.
    result = load.paced(rate, sizes.seconds, window, senders=members, warm=2.0, drain=sizes.drain)
    return record(part, peer, window, result, members=members, rate=rate)


def hottest(peer: Peer, load: Load, members: int, sizes: Sizes) -> Record:
    """Return the best of several numbers of senders: few suit one server, many another."""
    tries: list[Record] = []
    for senders in sizes.senders:
        tries.append(hot(peer, load, members, senders, sizes))
        if tries[-1]["result"]["delivery"]["p50_ms"] > SATURATED_MS:
            break  # more of them would only wait longer
    best = max(tries, key=lambda one: one["result"]["deliveries"] / one["result"]["seconds"])
    return best | {"tries": {one["senders"]: one["result"]["deliveries"] for one in tries}}


def hot(
    peer: Peer, load: Load, members: int, senders: int, sizes: Sizes, part: str = "hot"
) -> Record:
    window = Window(peer)
    senders = min(senders, members)
    result = load.closed(sizes.short, window, senders=senders, drain=sizes.drain)
    return record(part, peer, window, result, members=members, senders=senders)

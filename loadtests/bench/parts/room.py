"""One room: messages at a steady rate, and as fast as it goes."""

from collections.abc import Iterator
from contextlib import contextmanager

from loadtests.bench.load import Load, Plan, running
from loadtests.bench.peers import PEERS, Peer
from loadtests.bench.servers import Servers
from loadtests.bench.sizes import Sizes
from loadtests.bench.window import Record, Window, record


def measure(servers: Servers, sizes: Sizes, name: str, replicas: int) -> list[Record]:
    """Return the quiet and the hot room of a peer."""
    with PEERS[name](servers, replicas) as peer, open_room(peer, sizes.members) as load:
        return [
            quiet(peer, load, sizes.members, sizes.rate, sizes.seconds, sizes.drain),
            hot(peer, load, sizes.members, sizes, sizes.seconds),
        ]


def measure_spread(servers: Servers, sizes: Sizes, name: str) -> list[Record]:
    """Return a room over two replicas at a gentler rate."""
    with PEERS[name](servers, 2) as peer, open_room(peer, sizes.members) as load:
        rate = sizes.spread_rate
        return [quiet(peer, load, sizes.members, rate, sizes.seconds, sizes.drain, "spread")]


@contextmanager
def open_room(peer: Peer, members: int) -> Iterator[Load]:
    """Have all members of a new room open it; each may send."""
    rooms = peer.make_rooms(1, members)
    seats = peer.seats(rooms, members)
    senders = [(number, rooms[0]) for number in range(members)]
    with running(Plan(peer.dialect, seats, senders)) as load:
        yield load


def quiet(
    peer: Peer,
    load: Load,
    members: int,
    rate: float,
    seconds: float,
    drain: float,
    part: str = "quiet",
) -> Record:
    window = Window(peer)
    result = load.paced(rate, seconds, window, senders=members, drain=drain)
    return record(part, peer, window, result, members=members, rate=rate)


def hot(
    peer: Peer, load: Load, members: int, sizes: Sizes, seconds: float, part: str = "hot"
) -> Record:
    window = Window(peer)
    senders = min(sizes.senders, members)
    result = load.closed(seconds, window, senders=senders, drain=sizes.drain)
    return record(part, peer, window, result, members=members, senders=senders)

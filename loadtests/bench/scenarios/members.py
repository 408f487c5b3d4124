"""What the size of a room changes: throughput, CPU per delivery, and what a message costs Redis."""

from loadtests.bench.redis_info import RedisWindow
from loadtests.bench.scenarios.room import hot, open_room
from loadtests.bench.sizes import Sizes
from loadtests.bench.systems import PEERS, Peer
from loadtests.bench.window import Record, record
from loadtests.lib.load_client.client import Load
from loadtests.lib.systems.backends import Servers


def measure(servers: Servers, sizes: Sizes, name: str, replicas: int) -> list[Record]:
    """Return for each size of room what a message costs Redis, and how fast the room goes."""
    records = []
    with PEERS[name](servers, replicas) as peer:
        for members in sizes.room_sizes:
            with open_room(peer, members) as load:
                records.append(_message(servers, peer, load, members, sizes))
                records.append(hot(peer, load, members, sizes.senders[-1], sizes, "hot sizes"))
    return records


def _message(servers: Servers, peer: Peer, load: Load, members: int, sizes: Sizes) -> Record:
    window = RedisWindow(peer, servers.redis)
    result = load.paced(sizes.rate, sizes.short, window, senders=members, drain=sizes.drain)
    facts = {"members": members, "rate": sizes.rate, "redis": window.used}
    return record("members", peer, window, result, **facts)

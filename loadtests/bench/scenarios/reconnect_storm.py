"""A replica comes back, and all its people at once, each resuming three rooms.

The rooms are of three kinds: the lobby, which all have open, one of a hundred, one of ten. What is
missed is written while the replica is away; live is who has all of it and all three `subscribed`.
"""

from collections.abc import Sequence

from loadtests.bench.scenarios import statements
from loadtests.bench.sizes import Sizes
from loadtests.bench.window import Record, Window
from loadtests.lib.load_client.client import Plan, Seat, running
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.bulk_rooms import crowd, fill, lobby_of, make_rooms, seq_of
from loadtests.lib.systems.hubbub import Hubbub, start

LARGE, SMALL = 100, 10
PATIENCE_SECONDS = 5.0  # docs/protocol.md: who has no `welcome` by then tries again


def measure(servers: Servers, sizes: Sizes) -> list[Record]:
    rooms = _rooms_of_each(servers, sizes)
    known = seq_of(servers.cluster, {room for three in rooms for room in three})
    past = _miss(servers, sizes, sorted(known, key=int))
    with start(servers, 1) as peer:
        seats = [
            peer.returning_seat(number, peer.addresses[0], {room: known[room] for room in three})
            for number, three in enumerate(rooms)
        ]
        return [_storm(servers, peer, seats, past, sizes)]


def _rooms_of_each(servers: Servers, sizes: Sizes) -> list[list[str]]:
    lobby = lobby_of(servers.cluster)
    large, small = (
        make_rooms(servers.cluster, sizes.storm // each, each) for each in (LARGE, SMALL)
    )
    return [
        [lobby, large[number // LARGE], small[number // SMALL]] for number in range(sizes.storm)
    ]


def _miss(servers: Servers, sizes: Sizes, rooms: Sequence[str]) -> list[str]:
    """Write messages into each room; return the room of each, in their numbers' order."""
    sender = crowd(servers.cluster)[0]
    past: list[str] = []
    for room in rooms:
        numbers = range(len(past), len(past) + sizes.missed)
        fill(servers.cluster, room, sender, [f"bench {number} ." for number in numbers])
        past += [room] * sizes.missed
    return past


def _storm(
    servers: Servers, peer: Hubbub, seats: Sequence[Seat], past: Sequence[str], sizes: Sizes
) -> Record:
    plan = Plan(
        peer.dialect,
        seats,
        past=past,
        missed=3 * sizes.missed,
        connecting=512,
        opening=len(seats),
        retry=True,
        patience=PATIENCE_SECONDS,
    )
    statements.forget(servers.postgres)
    window = Window(peer)
    window()
    with running(plan) as load:
        window()
        counted = statements.count(servers.postgres, servers.cluster.name)
    return {
        "part": "storm",
        "peer": peer.name,
        "sockets": len(seats),
        "missed_messages": len(past),
        "cpu": window.cpu,
        "held_ms": window.held_ms,
        "opened": load.opened,
        "statements": counted,
    }

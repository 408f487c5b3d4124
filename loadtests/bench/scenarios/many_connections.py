"""Ten thousand sockets on one replica: what each costs at rest, and messages among them."""

import time

from loadtests.bench.sizes import Sizes
from loadtests.bench.window import Record, Window, record
from loadtests.lib.load_client.client import Load, Plan, running
from loadtests.lib.monitoring.process_usage import memory_bytes
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.bulk_rooms import lobby_of
from loadtests.lib.systems.hubbub import Hubbub, start

SETTLE_SECONDS = 10.0
OPEN_SECONDS = 300.0
ROOM_RATE = 20.0  # messages a second into rooms
LOBBY_RATE = 1.0  # and into the one that all have open


def measure(servers: Servers, sizes: Sizes) -> list[Record]:
    with start(servers, 1) as peer:
        with running(_plan(servers, peer, sizes, sizes.crowd_room)):
            settle(sizes)
        before = memory_bytes(peer.parts["replicas"])
        with running(_plan(servers, peer, sizes, sizes.crowd)) as load:
            settle(sizes)
            idle = _idle(peer, load, sizes, before)
            return [idle, *_messages(peer, load, sizes), _after(peer, sizes, before)]


def settle(sizes: Sizes) -> None:
    """Let pass what belongs to opening: presence, and what the allocator gives back."""
    time.sleep(min(SETTLE_SECONDS, sizes.idle))


def _plan(servers: Servers, peer: Hubbub, sizes: Sizes, people: int) -> Plan:
    """Seat people who have the lobby and one room open; the first of each room may send there,
    and the first of all in the lobby."""
    each, lobby = sizes.crowd_room, lobby_of(servers.cluster)
    rooms = peer.make_rooms(people // each, each)
    seats = [
        peer.seat(number, peer.addresses[0], [lobby, rooms[number // each]])
        for number in range(people)
    ]
    senders = [(number * each, room) for number, room in enumerate(rooms)]
    return Plan(peer.dialect, seats, [*senders, (1, lobby)], opening=200, deadline=OPEN_SECONDS)


def _idle(peer: Hubbub, load: Load, sizes: Sizes, before: int) -> Record:
    window = Window(peer)
    window()
    time.sleep(sizes.idle)
    window()
    grown = memory_bytes(peer.parts["replicas"]) - before
    return {
        "part": "crowd at rest",
        "peer": peer.name,
        "sockets": sizes.crowd,
        "bytes_per_socket": round(grown / sizes.crowd),
        "seconds": sizes.idle,
        "cpu": window.cpu,
        "opened": load.opened,
    }


def _messages(peer: Hubbub, load: Load, sizes: Sizes) -> list[Record]:
    rooms = sizes.crowd // sizes.crowd_room
    loads = {
        "crowd in rooms": (ROOM_RATE, 0, rooms),
        "crowd in the lobby": (LOBBY_RATE, rooms, 1),
    }
    records = []
    for part, (rate, first, senders) in loads.items():
        window = Window(peer)
        result = load.paced(rate, sizes.seconds, window, first=first, senders=senders)
        records.append(record(part, peer, window, result, sockets=sizes.crowd, rate=rate))
    return records


def _after(peer: Hubbub, sizes: Sizes, before: int) -> Record:
    grown = memory_bytes(peer.parts["replicas"]) - before
    return {
        "part": "crowd after messages",
        "peer": peer.name,
        "sockets": sizes.crowd,
        "bytes_per_socket": round(grown / sizes.crowd),
    }

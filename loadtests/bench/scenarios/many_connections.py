"""Ten thousand connections to one replica.

The scenario measures what each connection costs when it is idle, and when it receives a few
messages.
"""

import time

from loadtests.bench.records import Record, record
from loadtests.bench.sizes import Sizes
from loadtests.lib.load_client import ClientPlan, LoadClient, running
from loadtests.lib.monitoring.process_usage import memory_bytes
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.bulk_rooms import lobby_of
from loadtests.lib.systems.hubbub import Hubbub, start
from loadtests.lib.systems.usage_window import UsageWindow

SETTLE_SECONDS = 10.0
OPEN_SECONDS = 300.0
ROOM_RATE = 20.0  # messages a second into small rooms
LOBBY_RATE = 1.0  # messages a second into the room that all users have open


def measure(backends: Backends, sizes: Sizes) -> list[Record]:
    with start(backends, 1) as hubbub:
        with running(_plan(backends, hubbub, sizes, sizes.connections_room)):
            settle(sizes)
        before = memory_bytes(hubbub.processes["replicas"])
        with running(_plan(backends, hubbub, sizes, sizes.connections)) as client:
            settle(sizes)
            idle = _idle(hubbub, client, sizes, before)
            messages = _messages(hubbub, client, sizes)
            return [idle, *messages, _memory("after messages", hubbub, sizes, before)]


def settle(sizes: Sizes) -> None:
    """Wait until the effects of opening connections are over.

    Until then, presence is still being announced, and the allocator still returns memory.
    """
    time.sleep(min(SETTLE_SECONDS, sizes.idle))


def _plan(backends: Backends, hubbub: Hubbub, sizes: Sizes, users: int) -> ClientPlan:
    """Connect users who have the lobby and one room open.

    The first member of each room may send there. One other user may send in the lobby.
    """
    each, lobby = sizes.connections_room, lobby_of(backends.cluster)
    rooms = hubbub.make_rooms(users // each, each)
    connections = [
        hubbub.connection(number, hubbub.addresses[0], [lobby, rooms[number // each]])
        for number in range(users)
    ]
    senders = [*((number * each, room) for number, room in enumerate(rooms)), (1, lobby)]
    return ClientPlan(
        hubbub.dialect, connections, senders, max_opening=200, deadline_seconds=OPEN_SECONDS
    )


def _idle(hubbub: Hubbub, client: LoadClient, sizes: Sizes, before: int) -> Record:
    window = UsageWindow(hubbub)
    window()
    time.sleep(sizes.idle)
    window()
    return _memory("idle", hubbub, sizes, before) | {
        "seconds": sizes.idle,
        "cpu": window.cpu,
        "opened": client.opened,
    }


def _messages(hubbub: Hubbub, client: LoadClient, sizes: Sizes) -> list[Record]:
    rooms = sizes.connections // sizes.connections_room
    loads = {
        "messages in rooms": (ROOM_RATE, 0, rooms),
        "messages in the lobby": (LOBBY_RATE, rooms, 1),
    }
    records = []
    for load, (rate, first, senders) in loads.items():
        window = UsageWindow(hubbub)
        result = client.paced(rate, sizes.seconds, window, first=first, senders=senders)
        facts = {"connections": sizes.connections, "rate": rate}
        records.append(record(load, hubbub, window, result, **facts))
    return records


def _memory(load: str, hubbub: Hubbub, sizes: Sizes, before: int) -> Record:
    grown = memory_bytes(hubbub.processes["replicas"]) - before
    return {
        "load": load,
        "system": hubbub.name,
        "connections": sizes.connections,
        "bytes_per_connection": round(grown / sizes.connections),
    }

"""Measures how a room's size affects throughput, CPU per delivery, and Redis' work per message."""

from loadtests.bench.records import Record, record
from loadtests.bench.scenarios.one_room import OpenRoom, hot, open_room
from loadtests.bench.sizes import Sizes
from loadtests.bench.systems import SYSTEMS, System
from loadtests.lib.monitoring.redis_postgres import RedisStats
from loadtests.lib.servers import Redis
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.usage_window import UsageWindow

COUNTERS = ("commands", "bytes_in", "bytes_out")


def measure(backends: Backends, sizes: Sizes, name: str, replicas: int) -> list[Record]:
    """Measure each room size: what a message costs Redis, and the room's throughput."""
    records = []
    with SYSTEMS[name](backends, replicas) as system:
        for members in sizes.room_sizes:
            with open_room(system, members) as room:
                records.append(_paced(room, backends.redis, sizes))
                records.append(hot(room, sizes.senders[-1], sizes, "hot room sizes"))
    return records


def _paced(room: OpenRoom, redis: Redis, sizes: Sizes) -> Record:
    window, members = RedisWindow(room.system, redis), room.members
    result = room.client.paced(sizes.rate, sizes.short, window, senders=members, drain=sizes.drain)
    facts = {"members": members, "rate": sizes.rate, "redis": window.used}
    return record("room sizes", room.system, window, result, **facts)


class RedisWindow(UsageWindow):
    """A window that also measures how much Redis' own counters grew (`used`)."""

    def __init__(self, system: System, redis: Redis) -> None:
        super().__init__(system)
        self._redis = RedisStats(redis.url())
        self._counters: list[dict[str, float]] = []

    def __call__(self) -> None:
        super().__call__()
        self._counters.append(self._redis.read())

    @property
    def used(self) -> dict[str, int]:
        start, end = self._counters
        return {name: int(end[name] - start[name]) for name in COUNTERS}

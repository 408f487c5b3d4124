"""The benchmark's targets, and whether the records show that they were reached.

A target is open if the records lack some of its figures, because a system was left out or the run
was partial.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loadtests.bench import records as of
from loadtests.bench.records import Record, Records, find, find_one
from loadtests.lib.reporting.numbers import number

BASELINE = "tutorial"
Figure = Callable[[Record], float]


@dataclass(frozen=True, slots=True)
class BenchTarget:
    what: str
    target: str
    reached: str
    met: bool | None  # None if these records do not show it


Holds = Callable[[float, float], bool]
# The keys are (load, what is measured, its figure). The values are the comparisons that Hubbub must
# win: (target text, other system, test of Hubbub's value against the other system's value).
COMPARISONS: dict[tuple[str, str, Figure], list[tuple[str, str, Holds]]] = {
    ("quiet", "quiet room: CPU µs per delivery", of.cpu_us_per_delivery): [
        ("at most 2 × nchan", "nchan", lambda a, b: a <= 2 * b),
        ("less than Socket.IO", "socketio", lambda a, b: a < b),
        ("at least 20 × less than the tutorial chat", BASELINE, lambda a, b: 20 * a <= b),
    ],
    ("quiet", "quiet room: p99 from send to receipt, ms", of.delivery_p99_ms): [
        ("at most 3 × nchan", "nchan", lambda a, b: a <= 3 * b),
    ],
    ("hot", "hot room: deliveries/s per replica", of.deliveries_per_second): [
        ("more than nchan", "nchan", lambda a, b: a > b),
        ("at least 3 × Socket.IO", "socketio", lambda a, b: a >= 3 * b),
        ("at least 60 × the tutorial chat", BASELINE, lambda a, b: a >= 60 * b),
    ],
}


def targets(records: Records) -> list[BenchTarget]:
    return [
        target
        for group in (_compared, _sends, _connections, _storm, _redis, _replicas)
        for target in group(records)
    ]


def _compared(records: Records) -> Iterator[BenchTarget]:
    """Compare Hubbub's figures with those of other systems."""
    for (load, what, figure), comparisons in COMPARISONS.items():
        ours = find_one(records, load, system="hubbub", replicas=1)
        for target, other, holds in comparisons:
            theirs = find_one(records, load, system=other, replicas=1)
            if ours is None or theirs is None:
                yield BenchTarget(what, target, "not measured", None)
                continue
            a, b = figure(ours), figure(theirs)
            ratio = f"{number(a / b)} ×" if a >= b else f"{number(b / a)} × less"
            reached = f"{number(a)} to {number(b)} ({ratio})"
            yield BenchTarget(what, target, reached, holds(a, b))


def _sends(records: Records) -> Iterator[BenchTarget]:
    ours = _fastest(find(records, "sends", system="hubbub"))
    theirs = _fastest(find(records, "sends", system=BASELINE))
    paced = find_one(records, "paced sends", system="hubbub")
    yield _limited("durable sends/s, two replicas", "at least 1,500", ours, lambda x: x >= 1_500)
    p99 = of.ack_ms(paced, "p99") if paced else None
    yield _limited("p99 of a send at half of that, ms", "under 100", p99, lambda x: x < 100)
    ratio = ours / theirs if ours and theirs else None
    yield _limited(
        "durable sends: times the tutorial chat with a row", "at least 3", ratio, lambda x: x >= 3
    )


def _connections(records: Records) -> Iterator[BenchTarget]:
    idle = find_one(records, "idle")
    name = f"{idle['connections'] if idle else 10_000:,} connections"
    all_bytes = [one["bytes_per_connection"] for one in records if "bytes_per_connection" in one]
    memory = max(all_bytes) / 1_000 if all_bytes else None
    yield _limited(f"{name}: memory each, KB", "at most 30", memory, lambda x: x <= 30)
    share = 100 * idle["cpu"]["replicas"] / idle["seconds"] if idle else None
    yield _limited(f"{name}: idle, % of a core", "at most 10", share, lambda x: x <= 10)
    for load, where in (("messages in rooms", "in a room"), ("messages in the lobby", "to all")):
        one = find_one(records, load)
        p99 = of.delivery_p99_ms(one) if one else None
        what = f"{name}: p99 of a message {where}, ms"
        yield _limited(what, "under 200", p99, lambda x: x < 200)


def _storm(records: Records) -> Iterator[BenchTarget]:
    storm = find_one(records, "reconnect storm")
    users = storm["connections"] if storm else 5_000
    seconds = storm["opened"]["seconds"] if storm else None
    yield _limited(
        f"{users:,} users reconnect: s until all are live", "at most 15", seconds, lambda x: x <= 15
    )
    queries = storm["statements"]["queries"] / users if storm else None
    yield _limited("reconnect: queries per connection", "at most 2", queries, lambda x: x <= 2)
    missed = storm["opened"]["missed"] if storm else None
    reads = storm["statements"]["log_reads"] / max(1, missed) if storm and missed else None
    # The limit allows one shared read of each room, and a few more reads. If the number of reads
    # grew with the number of missed messages, it would far exceed the limit.
    yield _limited("reconnect: log reads per missed message", "none", reads, lambda x: x < 0.05)


def _redis(records: Records) -> Iterator[BenchTarget]:
    for replicas in (1, 2):
        rows = find(records, "room sizes", system="hubbub", replicas=replicas)
        rows.sort(key=lambda row: int(row["members"]))
        few, many = (rows[0], rows[-1]) if rows else (None, None)
        sizes = f"{few['members']} to {many['members']:,}" if few and many else "10 to 1,000"
        for counter, name in (("commands", "commands"), ("bytes_out", "bytes sent")):
            growth = (
                of.redis_per_message(many, counter) / max(1e-9, of.redis_per_message(few, counter))
                if few and many
                else None
            )
            what = f"Redis: {name} per message, {sizes} members, R={replicas}: times"
            yield _limited(what, "does not grow", growth, lambda x: x <= 1.2)


def _replicas(records: Records) -> Iterator[BenchTarget]:
    one, two = (find_one(records, "quiet", system="hubbub", replicas=r) for r in (1, 2))
    ratio = of.cpu_us_per_delivery(two) / of.cpu_us_per_delivery(one) if one and two else None
    yield _limited("CPU per delivery: R=2 to R=1", "at most 1.15", ratio, lambda x: x <= 1.15)


def _fastest(sends: Records) -> float | None:
    return max((of.acks_per_second(one) for one in sends), default=None)


def _limited(
    what: str, target: str, figure: float | None, holds: Callable[[float], bool]
) -> BenchTarget:
    if figure is None:
        return BenchTarget(what, target, "not measured", None)
    return BenchTarget(what, target, number(figure), holds(figure))

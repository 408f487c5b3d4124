"""What the fan-out must reach, beside what it reached: met or missed is computed, never written.

A target whose figures are not all there is open: a peer was left out, or only a part was run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loadtests.bench.report import figures as of
from loadtests.bench.report.figures import Records, find, find_one
from loadtests.bench.window import Record

MEASURED_BY = "tutorial"
Figure = Callable[[Record], float]


@dataclass(frozen=True, slots=True)
class Target:
    what: str
    wanted: str
    reached: str
    met: bool | None  # None: not known from these records


def targets(records: Records) -> list[Target]:
    return [
        target
        for group in (_quiet, _hot, _sends, _crowd, _storm, _redis, _replicas)
        for target in group(records)
    ]


def _quiet(records: Records) -> Iterator[Target]:
    what = "quiet room: CPU µs per delivery"
    cost = of.cpu_us_per_delivery
    yield _against(
        records, "quiet", what, "at most 2 × nchan", cost, "nchan", lambda a, b: a <= 2 * b
    )
    yield _against(
        records, "quiet", what, "less than Socket.IO", cost, "socketio", lambda a, b: a < b
    )
    yield _against(
        records,
        "quiet",
        what,
        "at least 20 × less than the tutorial chat",
        cost,
        MEASURED_BY,
        lambda a, b: 20 * a <= b,
    )
    yield _against(
        records,
        "quiet",
        "quiet room: p99 from send to receipt, ms",
        "at most 3 × nchan",
        lambda record: of.delivery_ms(record, "p99"),
        "nchan",
        lambda a, b: a <= 3 * b,
    )


def _hot(records: Records) -> Iterator[Target]:
    what = "hot room: deliveries/s per replica"
    rate = of.deliveries_per_second
    yield _against(records, "hot", what, "more than nchan", rate, "nchan", lambda a, b: a > b)
    yield _against(
        records, "hot", what, "at least 3 × Socket.IO", rate, "socketio", lambda a, b: a >= 3 * b
    )
    yield _against(
        records,
        "hot",
        what,
        "at least 60 × the tutorial chat",
        rate,
        MEASURED_BY,
        lambda a, b: a >= 60 * b,
    )


def _sends(records: Records) -> Iterator[Target]:
    ours = _best(find(records, part="sends", peer="hubbub"))
    theirs = _best(find(records, part="sends", peer=MEASURED_BY))
    paced = find_one(records, part="paced sends", peer="hubbub")
    yield _limit("durable sends/s, two replicas", "at least 1,500", ours, lambda x: x >= 1_500)
    p99 = of.answer_ms(paced, "p99") if paced else None
    yield _limit("p99 of a send at half of that, ms", "under 100", p99, lambda x: x < 100)
    ratio = ours / theirs if ours and theirs else None
    yield _limit(
        "durable sends: times the tutorial chat with a row", "at least 3", ratio, lambda x: x >= 3
    )


def _crowd(records: Records) -> Iterator[Target]:
    rest = find_one(records, part="crowd at rest")
    sockets = f"{rest['sockets']:,} sockets" if rest else "10,000 sockets"
    all_bytes = [one["bytes_per_socket"] for one in records if "bytes_per_socket" in one]
    memory = max(all_bytes) / 1_000 if all_bytes else None
    yield _limit(f"{sockets}: memory each, KB", "at most 30", memory, lambda x: x <= 30)
    share = 100 * rest["cpu"]["replicas"] / rest["seconds"] if rest else None
    yield _limit(f"{sockets}: idle, % of a core", "at most 10", share, lambda x: x <= 10)
    for part, where in (("crowd in rooms", "in a room"), ("crowd in the lobby", "to all")):
        one = find_one(records, part=part)
        p99 = of.delivery_ms(one, "p99") if one else None
        name = f"{sockets}: p99 of a message {where}, ms"
        yield _limit(name, "under 200", p99, lambda x: x < 200)


def _storm(records: Records) -> Iterator[Target]:
    storm = find_one(records, part="storm")
    sockets = storm["sockets"] if storm else 5_000
    seconds = storm["opened"]["seconds"] if storm else None
    yield _limit(
        f"{sockets:,} come back: s until all live", "at most 15", seconds, lambda x: x <= 15
    )
    queries = storm["statements"]["queries"] / sockets if storm else None
    yield _limit("come back: queries per socket", "at most 2", queries, lambda x: x <= 2)
    missed = storm["opened"]["missed"] if storm else None
    reads = storm["statements"]["log_reads"] / max(1, missed) if storm and missed else None
    # A read of each room, shared, and few more: what grows with the missed messages is far above.
    yield _limit("come back: log reads per missed message", "none", reads, lambda x: x < 0.05)


def _redis(records: Records) -> Iterator[Target]:
    for replicas in (1, 2):
        rows = find(records, part="members", peer="hubbub", replicas=replicas)
        few, many = (
            (sorted(rows, key=lambda row: int(row["members"]))[at] for at in (0, -1))
            if rows
            else (None, None)
        )
        for counter, name in (("commands", "commands"), ("bytes_out", "bytes sent")):
            growth = (
                of.redis_per_message(many, counter) / max(1e-9, of.redis_per_message(few, counter))
                if few and many
                else None
            )
            sizes = f"{few['members']} to {many['members']:,}" if few and many else "10 to 1,000"
            yield _limit(
                f"Redis: {name} per message, {sizes} members, R={replicas}: times",
                "does not grow",
                growth,
                lambda x: x <= 1.2,
            )


def _replicas(records: Records) -> Iterator[Target]:
    one, two = (find_one(records, part="quiet", peer="hubbub", replicas=r) for r in (1, 2))
    ratio = of.cpu_us_per_delivery(two) / of.cpu_us_per_delivery(one) if one and two else None
    yield _limit("CPU per delivery: R=2 to R=1", "at most 1.15", ratio, lambda x: x <= 1.15)


def _best(sends: Records) -> float | None:
    return max((of.answers_per_second(one) for one in sends), default=None)


def _against(
    records: Records,
    part: str,
    what: str,
    wanted: str,
    figure: Figure,
    peer: str,
    holds: Callable[[float, float], bool],
) -> Target:
    ours = find_one(records, part=part, peer="hubbub", replicas=1)
    theirs = find_one(records, part=part, peer=peer, replicas=1)
    if ours is None or theirs is None:
        return Target(what, wanted, "not measured", None)
    a, b = figure(ours), figure(theirs)
    ratio = f"{number(a / b)} ×" if a >= b else f"{number(b / a)} × less"
    return Target(what, wanted, f"{number(a)} to {number(b)} ({ratio})", holds(a, b))


def _limit(what: str, wanted: str, figure: float | None, holds: Callable[[float], bool]) -> Target:
    if figure is None:
        return Target(what, wanted, "not measured", None)
    return Target(what, wanted, number(figure), holds(figure))


def number(value: float) -> str:
    """Return three digits or more, with commas."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"

"""The tables of the report: one for each kind of load, with a row for each record."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from loadtests.bench import records as of
from loadtests.bench.records import Record, Records, find, find_one
from loadtests.bench.report.targets import targets
from loadtests.bench.steps import TITLES
from loadtests.lib.reporting.blocks import Block, Heading, Paragraph, Table
from loadtests.lib.reporting.numbers import UNKNOWN, number

Column = tuple[str, Callable[[Record], Any]]
VERDICTS = {True: "met", False: "**missed**", None: "open"}


def _result(title: str, key: str) -> Column:
    return title, lambda one: f"{one['result'][key]:,}"


def _delivery(title: str, percentile: str) -> Column:
    """Return a column with a percentile of the delivery times.

    A record without a delivery in the measured window has a dash in this column.
    """

    def cell(one: Record) -> str:
        delivered = one["result"]["delivery"]["count"]
        return number(of.delivery_ms(one, percentile)) if delivered else UNKNOWN

    return title, cell


def _cpu(title: str, process: str) -> Column:
    def cell(one: Record) -> str:
        known = process in one["cpu"]
        return number(of.cpu_us_per_message(one, process)) if known else UNKNOWN

    return title, cell


def _redis(title: str, counter: str) -> Column:
    def cell(one: Record) -> str:
        return number(of.redis_per_message(one, counter)) if "redis" in one["cpu"] else UNKNOWN

    return title, cell


def _stall(one: Record) -> str:
    stall = one.get("loop_stall_ms")
    return UNKNOWN if stall is None else number(stall)


def _load_client(one: Record) -> str:
    result = one["result"]
    limited = ": **it was the limit**" if result["generator_limited"] else ""
    return f"{100 * result['generator_cpu']:.0f} % of a core{limited}"


SYSTEM: list[Column] = [
    ("", lambda one: TITLES[one["system"]]),
    ("R", lambda one: one["replicas"]),
]
LOST = _result("lost", "lost")
FAULTS = [LOST, _result("duplicated", "duplicated"), _result("out of order", "reordered")]
TIMES = [_delivery("p50 ms", "p50"), _delivery("p99 ms", "p99"), _delivery("p99.9 ms", "p999")]
STALL: Column = ("loop stall, ms", _stall)
COST: Column = ("CPU µs per delivery", lambda one: number(of.cpu_us_per_delivery(one)))
MEMBERS: Column = ("members", lambda one: f"{one['members']:,}")

TWO_REPLICAS = [*SYSTEM, *FAULTS, *TIMES, STALL, COST]
QUIET = [*TWO_REPLICAS, _cpu("Postgres µs per message", "postgres")]
HOT: list[Column] = [
    *SYSTEM,
    MEMBERS,
    ("senders", lambda one: one["senders"]),
    ("deliveries/s per replica", lambda one: number(of.deliveries_per_second(one))),
    *FAULTS,
    *TIMES,
    STALL,
    COST,
    ("load client", _load_client),
]
SENDS: list[Column] = [
    *SYSTEM,
    ("writers", lambda one: one["writers"]),
    ("pace", lambda one: f"{one['rate']:,.0f}/s" if "rate" in one else "as fast as acknowledged"),
    ("messages/s", lambda one: number(of.acks_per_second(one))),
    *FAULTS,
    ("acknowledged p50 ms", lambda one: number(of.ack_ms(one, "p50"))),
    ("p99 ms", lambda one: number(of.ack_ms(one, "p99"))),
    *(
        _cpu(f"{process}, CPU µs per message", process)
        for process in ("replicas", "redis", "postgres")
    ),
]
ROOM_SIZES: list[Column] = [
    *SYSTEM,
    MEMBERS,
    COST,
    LOST,
    _redis("Redis commands per message", "commands"),
    _redis("bytes in", "bytes_in"),
    _redis("bytes out", "bytes_out"),
    _cpu("Redis CPU µs per message", "redis"),
]
OPENING_ROOMS: list[Column] = [
    ("", lambda one: one["name"]),
    ("queries, large / small", lambda one: f"{one['queries_large']} / {one['queries_small']}"),
    ("median ms, large / small", lambda one: f"{one['large_ms']} / {one['small_ms']}"),
    ("ratio", lambda one: one["ratio"]),
    ("full table scans", lambda one: ", ".join(one["full_scans"]) or "none"),
]
MANY_CONNECTIONS: list[Column] = [
    ("", lambda one: one["load"].removeprefix("messages ")),
    ("messages/s", lambda one: f"{one['rate']:g}"),
    _result("deliveries", "deliveries"),
    *FAULTS,
    *TIMES,
    STALL,
    COST,
]

STALL_MEANING = (
    "Loop stall: the longest time for which an event loop ran a single callback, or did not run at "
    "all, in the ten seconds before the end of the load."
)


SENDERS = (
    "A number of senders each send their next message once they have received the last one, for "
    "{result[seconds]:.0f} s. The large room is shown with the number of senders that suited the "
    "server best."
)
PACED = (
    "{members} members, {rate:g} messages a second for {result[seconds]:g} s. CPU is that of the "
    "replicas and Redis. The load client waits for messages until none has come for two seconds, "
    "or until its time is over; those that have not arrived by then count as lost. "
) + STALL_MEANING
WRITERS = (
    "Rooms of two, over two replicas, with fsync. First each writer sends its next message as soon "
    "as the last one is acknowledged. Then the largest number of writers sends at half of the rate "
    "that it reached."
)
COSTS = "{rate:g} messages a second; what a message costs Redis, by Redis' own counters."
# Each table has a title, an introduction (filled in with values of the first record), columns, and
# the loads whose records are its rows.
SECTIONS: list[tuple[str, str, list[Column], list[str]]] = [
    ("Quiet room", PACED, QUIET, ["quiet"]),
    ("Hot room", SENDERS, HOT, ["hot"]),
    ("One room over two replicas", PACED, TWO_REPLICAS, ["two replicas"]),
    ("Durable sends", WRITERS, SENDS, ["sends", "paced sends"]),
    ("Hot rooms of other sizes", SENDERS, HOT, ["hot room sizes"]),
    ("Rooms of other sizes", COSTS, ROOM_SIZES, ["room sizes"]),
]
OPENING = "A room of {messages:,} messages compared with one of 100."


def all_tables(records: Records) -> Iterator[Block]:
    yield from _targets(records)
    for section in SECTIONS:
        yield from _section(records, *section)
    yield from _many_connections(records)
    yield from _reconnect_storm(records)
    yield from _section(records, "Opening a room", OPENING, OPENING_ROOMS, ["opening rooms"])


def _section(
    records: Records, title: str, intro: str, columns: Sequence[Column], loads: Sequence[str]
) -> Iterator[Block]:
    if rows := find(records, *loads):
        yield from (Heading(title), Paragraph(intro.format(**rows[0])), _table(columns, rows))


def _table(columns: Sequence[Column], rows: Records) -> Table:
    header = [title for title, _ in columns]
    return Table(header, [[cell(row) for _, cell in columns] for row in rows])


def _targets(records: Records) -> Iterator[Block]:
    yield Heading("Targets")
    rows = [(one.what, one.target, one.reached, VERDICTS[one.met]) for one in targets(records)]
    yield Table(["", "target", "reached", ""], rows)


def _many_connections(records: Records) -> Iterator[Block]:
    idle = find_one(records, "idle")
    if idle is None:
        return
    after = find_one(records, "after messages") or idle
    cpu = ", ".join(
        f"{process} {100 * seconds / idle['seconds']:.1f} %"
        for process, seconds in idle["cpu"].items()
    )
    yield Heading("Many connections")
    yield Paragraph(
        f"{idle['connections']:,} different signed-in users on one replica, each with the lobby "
        f"and another room open; opened in {idle['opened']['seconds']:.0f} s. Memory (PSS) per "
        f"connection: {idle['bytes_per_connection']:,} bytes at rest, "
        f"{after['bytes_per_connection']:,} after the messages. CPU while idle for "
        f"{idle['seconds']:g} s, of a core: {cpu}. {STALL_MEANING}"
    )
    loads = find(records, "messages in rooms", "messages in the lobby")
    yield _table(MANY_CONNECTIONS, loads)


def _reconnect_storm(records: Records) -> Iterator[Block]:
    storm = find_one(records, "reconnect storm")
    if storm is None:
        return
    opened, live = storm["opened"], storm["opened"]["live"]
    stall = storm.get("loop_stall_ms")
    yield Heading("Reconnect storm")
    yield Paragraph(
        f"{storm['connections']:,} different users reconnect at once to a replica that has just "
        "started, each with the lobby, a room of 100 and a room of ten. Of the messages that they "
        f"missed, {opened['missed']:,} of {opened['expected']:,} arrived "
        f"({opened['duplicated']} duplicated, {opened['reordered']} out of order). Half of the "
        f"users were live after {live['p50_ms'] / 1_000:.1f} s, the last one after "
        f"{opened['seconds']:.1f} s; failed attempts: {opened['failures']:,}. Queries: "
        f"{storm['statements']['queries']:,}, of which {storm['statements']['log_reads']:,} read "
        "the log." + ("" if stall is None else f" The longest loop stall was {number(stall)} ms.")
    )

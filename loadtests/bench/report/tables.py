"""The tables of the page, in Markdown: one for each kind of load, a row for each record."""

from collections.abc import Callable, Sequence
from typing import Any

from loadtests.bench.report import figures as of
from loadtests.bench.report.figures import Records, find
from loadtests.bench.report.targets import number, targets
from loadtests.bench.steps import TITLES
from loadtests.bench.window import Record

Column = tuple[str, Callable[[Record], Any]]

WHO: list[Column] = [("", lambda one: TITLES[one["peer"]]), ("R", lambda one: one["replicas"])]
FAULTS: list[Column] = [
    ("lost", lambda one: f"{one['result']['lost']:,}"),
    ("doubled", lambda one: f"{one['result']['doubled']:,}"),
    ("out of order", lambda one: f"{one['result']['disordered']:,}"),
]
TIMES: list[Column] = [
    ("p50 ms", lambda one: _time(one, "p50")),
    ("p99 ms", lambda one: _time(one, "p99")),
    ("p99.9 ms", lambda one: _time(one, "p999")),
]
HELD: Column = (
    "loop held, ms",
    lambda one: number(one["held_ms"]) if one.get("held_ms") is not None else "–",
)
COST: Column = ("CPU µs per delivery", lambda one: number(of.cpu_us_per_delivery(one)))
POSTGRES: Column = (
    "Postgres µs per message",
    lambda one: number(of.cpu_us_per_message(one, "postgres")) if "postgres" in one["cpu"] else "–",
)
SPEED: Column = ("deliveries/s per replica", lambda one: number(of.deliveries_per_second(one)))


HELD_WORDS = (
    "Loop held: the longest that an event loop was busy or kept from running, in the ten seconds "
    "before the load's end."
)


def all_tables(records: Records) -> str:
    parts = [
        _targets(records),
        _section(
            "Quiet room",
            _quiet_words,
            records,
            [*WHO, *FAULTS, *TIMES, HELD, COST, POSTGRES],
            "quiet",
        ),
        _section("Hot room", _hot_words, records, HOT, "hot"),
        _section(
            "One room over two replicas",
            _quiet_words,
            records,
            [*WHO, *FAULTS, *TIMES, HELD, COST],
            "spread",
        ),
        _section("Durable sends", _sends_words, records, SENDS, "sends", "paced sends"),
        _section("Hot rooms of other sizes", _hot_words, records, HOT, "hot sizes"),
        _section("Rooms of other sizes", _members_words, records, MEMBERS, "members"),
        _crowd(records),
        _storm(records),
        _section("Opening a room", _history_words, records, HISTORY, "history"),
    ]
    return "\n\n".join(part for part in parts if part)


def table(columns: Sequence[Column], rows: Records) -> str:
    head = "| " + " | ".join(name for name, _ in columns) + " |"
    rule = "|" + "---|" * len(columns)
    lines = ["| " + " | ".join(str(value(row)) for _, value in columns) + " |" for row in rows]
    return "\n".join([head, rule, *lines])


LIMITED: Column = (
    "load client",
    lambda one: (
        f"{100 * one['result']['generator_cpu']:.0f} % of a core"
        + (": **it was the limit**" if one["result"]["generator_limited"] else "")
    ),
)
SENDS: list[Column] = [
    *WHO,
    ("writers", lambda one: one["writers"]),
    ("pace", lambda one: f"{one['rate']:,.0f}/s" if "rate" in one else "as fast as answered"),
    ("messages/s", lambda one: number(of.answers_per_second(one))),
    *FAULTS,
    ("answered p50 ms", lambda one: number(of.answer_ms(one, "p50"))),
    ("p99 ms", lambda one: number(of.answer_ms(one, "p99"))),
    *(
        (
            f"{part}, CPU µs per message",
            lambda one, part=part: number(of.cpu_us_per_message(one, part)),
        )
        for part in ("replicas", "redis", "postgres")
    ),
]
MEMBERS: list[Column] = [
    *WHO,
    ("members", lambda one: f"{one['members']:,}"),
    COST,
    FAULTS[0],
    ("Redis commands per message", lambda one: _redis(one, "commands")),
    ("bytes in", lambda one: _redis(one, "bytes_in")),
    ("bytes out", lambda one: _redis(one, "bytes_out")),
    (
        "Redis CPU µs per message",
        lambda one: number(of.cpu_us_per_message(one, "redis")) if "redis" in one["cpu"] else "–",
    ),
]
HOT: list[Column] = [
    *WHO,
    ("members", lambda one: f"{one['members']:,}"),
    ("senders", lambda one: one["senders"]),
    SPEED,
    *FAULTS,
    *TIMES,
    HELD,
    COST,
    LIMITED,
]
HISTORY: list[Column] = [
    ("", lambda one: one["name"]),
    ("queries, large / small", lambda one: f"{one['queries_large']} / {one['queries_small']}"),
    ("median ms, large / small", lambda one: f"{one['large_ms']} / {one['small_ms']}"),
    ("ratio", lambda one: one["ratio"]),
    ("read whole", lambda one: ", ".join(one["read_whole"]) or "nothing"),
]


def _section(
    title: str,
    words: Callable[[Record], str],
    records: Records,
    columns: Sequence[Column],
    *parts: str,
) -> str:
    rows = [row for part in parts for row in find(records, part=part)]
    if not rows:
        return ""
    return f"### {title}\n\n{words(rows[0])}\n\n{table(columns, rows)}"


def _targets(records: Records) -> str:
    verdict = {True: "met", False: "**missed**", None: "open"}
    rows = [
        {"what": one.what, "wanted": one.wanted, "reached": one.reached, "met": verdict[one.met]}
        for one in targets(records)
    ]
    columns: list[Column] = [
        ("", lambda row: row["what"]),
        ("target", lambda row: row["wanted"]),
        ("reached", lambda row: row["reached"]),
        ("", lambda row: row["met"]),
    ]
    return "### Targets\n\n" + table(columns, rows)


def _time(record: Record, percentile: str) -> str:
    """Return a percentile, where anything of the window came at all."""
    came = record["result"]["delivery"]["count"]
    return number(of.delivery_ms(record, percentile)) if came else "–"


def _redis(record: Record, counter: str) -> str:
    return number(of.redis_per_message(record, counter)) if "redis" in record["cpu"] else "–"


def _quiet_words(row: Record) -> str:
    return (
        f"{row['members']} members, {row['rate']:g} messages a second for "
        f"{row['result']['seconds']:g} s. CPU is that of the replicas and Redis; lost is what had "
        "not arrived when nothing more came for two seconds, or the wait was over. "
        f"{HELD_WORDS}"
    )


def _hot_words(row: Record) -> str:
    return (
        f"Each of some senders sends its next message when its last one has come back to it, for "
        f"{row['result']['seconds']:.0f} s. In the large room that number of senders counts which "
        "the server did best with."
    )


def _sends_words(row: Record) -> str:
    return (
        "Rooms of two, over two replicas, fsync on. Each writer sends its next message when its "
        "last one was answered; then the last of them at half of what was reached."
    )


def _members_words(row: Record) -> str:
    return f"{row['rate']:g} messages a second; what a message costs Redis, by its own counters."


def _history_words(row: Record) -> str:
    return f"A room of {row['messages']:,} messages beside one of 100."


def _crowd(records: Records) -> str:
    rest = next(iter(find(records, part="crowd at rest")), None)
    if rest is None:
        return ""
    after = next(iter(find(records, part="crowd after messages")), rest)
    loads = [
        row for part in ("crowd in rooms", "crowd in the lobby") for row in find(records, part=part)
    ]
    cpu = ", ".join(
        f"{part} {100 * seconds / rest['seconds']:.1f} %" for part, seconds in rest["cpu"].items()
    )
    words = (
        f"{rest['sockets']:,} different signed-in people on one replica, each with the lobby and "
        f"a room open; opened in {rest['opened']['seconds']:.0f} s. Memory (PSS) per socket: "
        f"{rest['bytes_per_socket']:,} bytes at rest, {after['bytes_per_socket']:,} after the "
        f"messages. Of a core, idle for {rest['seconds']:g} s: {cpu}. {HELD_WORDS}"
    )
    columns: list[Column] = [
        ("", lambda one: one["part"].removeprefix("crowd ")),
        ("messages/s", lambda one: f"{one['rate']:g}"),
        ("deliveries", lambda one: f"{one['result']['deliveries']:,}"),
        *FAULTS,
        *TIMES,
        HELD,
        COST,
    ]
    return f"### A crowd\n\n{words}\n\n{table(columns, loads)}"


def _storm(records: Records) -> str:
    storm = next(iter(find(records, part="storm")), None)
    if storm is None:
        return ""
    opened, live = storm["opened"], storm["opened"]["live"]
    words = (
        f"{storm['sockets']:,} different people come back at once to a replica that has just "
        "started, each with the lobby, a room of 100 and a room of ten. Of the messages that they "
        f"missed {opened['missed']:,} of {opened['expected']:,} came ({opened['doubled']} doubled, "
        f"{opened['disordered']} out of order). Live: half after {live['p50_ms'] / 1_000:.1f} s, "
        f"the last after {opened['seconds']:.1f} s; tried again: {opened['failures']:,}. "
        f"Queries: {storm['statements']['queries']:,}, of which "
        f"{storm['statements']['log_reads']:,} read the log." + _held_in(storm)
    )
    return f"### Everybody comes back\n\n{words}"


def _held_in(storm: Record) -> str:
    held = storm.get("held_ms")
    return "" if held is None else f" The event loop was held for {number(held)} ms at most."

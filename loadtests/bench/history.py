"""Opening a room of many messages beside one of few: time, number of queries, and their plans.

The queries are read from Postgres's own log (auto_explain), so nothing that the application does
can hide one.
"""

import http.client
import json
import re
import statistics
import time
from collections.abc import Iterator
from typing import Any

import psycopg

from loadtests.bench.chats import make_rooms
from loadtests.servers import Place, Postgres

SMALL = 100
ROUNDS = 60
# Tables that grow with a room: reading one of them whole is what must not happen.
LARGE_TABLES = ("chat_message", "chat_event")

FILL = """
    WITH filled AS (
        INSERT INTO chat_message (room_id, seq, rev, number, sender_id, nonce, body, created_at)
        SELECT %(room)s, n, n, n, %(sender)s, 'filled-' || %(room)s || '-' || n,
               'message number ' || n || ' of a long talk', now() - (%(count)s - n) * interval '1 s'
        FROM generate_series(1, %(count)s) AS n
        RETURNING id, room_id, seq, sender_id, created_at
    )
    INSERT INTO chat_event (room_id, seq, type, at, actor_id, message_id, data)
    SELECT room_id, seq, 'message.created', created_at, sender_id, id, '{}'::jsonb FROM filled
"""
COUNT = "UPDATE chat_room SET seq = %(count)s, messages = %(count)s WHERE id = %(room)s"


def measure_history(place: Place, identity: str, messages: int) -> dict[str, Any]:
    """Return for each address of a room what it costs with many messages and with few."""
    assert place.postgres is not None
    large, small = (_filled(place, count) for count in (messages, SMALL))
    place.postgres.execute("VACUUM ANALYZE", database=place.name)
    paths = {
        "page": "/rooms/{room}",
        "page at an old message": "/rooms/{room}/{middle}",
        "REST, newest": "/api/rooms/{room}/messages",
        "REST, older": "/api/rooms/{room}/messages?before={middle}",
    }
    browser = Browser(place, identity)
    return {
        name: _compare(
            place.postgres,
            browser,
            path.format(room=large, middle=messages // 2),
            path.format(room=small, middle=SMALL // 2),
        )
        for name, path in paths.items()
    }


class Browser:
    """One person's browser, with one connection to one replica kept open."""

    def __init__(self, place: Place, identity: str) -> None:
        header, _, value = identity.partition(": ")
        self._headers = {header: value}
        self._connection = http.client.HTTPConnection("127.0.0.1", place.replicas[0].port)

    def open(self, path: str) -> float:
        """Return how long an address took, in seconds."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}")
        return time.perf_counter() - began


def _filled(place: Place, count: int) -> int:
    """Return a new room of the crowd's first person with so many messages."""
    assert place.postgres is not None
    [room] = make_rooms(place, 1, 1, f"of {count}")
    with psycopg.connect(place.postgres.url(place.name)) as connection:
        [sender] = connection.execute(
            "SELECT user_id FROM chat_membership WHERE room_id = %s", (room,)
        ).fetchone() or [0]
        values = {"room": int(room), "sender": sender, "count": count}
        connection.execute(FILL, values)
        connection.execute(COUNT, values)
    return int(room)


def _compare(postgres: Postgres, browser: Browser, large: str, small: str) -> dict[str, Any]:
    for path in (large, small) * 3:  # what is loaded once only
        browser.open(path)
    # In turn, so that whatever else the machine does falls on both alike.
    times = [(browser.open(large), browser.open(small)) for _ in range(ROUNDS)]
    large_ms, small_ms = (
        round(1_000 * statistics.median(side), 2) for side in zip(*times, strict=True)
    )
    large_plans, small_plans = (_plans_of(postgres, browser, path) for path in (large, small))
    return {
        "queries_large": len(large_plans),
        "queries_small": len(small_plans),
        "large_ms": large_ms,
        "small_ms": small_ms,
        "ratio": round(large_ms / small_ms, 2),
        "read_whole": sorted({table for plan in large_plans for table in _read_whole(plan)}),
        "indexes": sorted({index for plan in large_plans for index in _indexes(plan)}),
    }


def _plans_of(postgres: Postgres, browser: Browser, path: str) -> list[Any]:
    """Return the plan of each query that opening an address makes."""
    _explain(postgres, "0")
    browser.open(path)  # the server has read the setting by the end of this one
    start = postgres.log.stat().st_size
    browser.open(path)
    _explain(postgres, "-1")
    logged = postgres.log.read_bytes()[start:].decode(errors="replace")
    return list(_plans(logged))


def _explain(postgres: Postgres, min_duration: str) -> None:
    postgres.execute(f"ALTER SYSTEM SET auto_explain.log_min_duration = {min_duration}")
    postgres.execute("SELECT pg_reload_conf()")
    time.sleep(0.2)  # backends read it before their next statement, once the signal is there


def _plans(logged: str) -> Iterator[Any]:
    """Yield the plans that a stretch of the log has, one JSON object after each "plan:"."""
    for match in re.finditer(r"plan:\s*", logged):
        plan, _ = json.JSONDecoder().raw_decode(logged, match.end())
        if "pg_reload_conf" not in plan["Query Text"] and "ALTER SYSTEM" not in plan["Query Text"]:
            yield plan


def _nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


def _read_whole(plan: Any) -> Iterator[str]:
    for node in _nodes(plan["Plan"]):
        if node["Node Type"].endswith("Seq Scan") and node["Relation Name"] in LARGE_TABLES:
            yield node["Relation Name"]


def _indexes(plan: Any) -> Iterator[str]:
    for node in _nodes(plan["Plan"]):
        if "Index Name" in node:
            yield node["Index Name"]

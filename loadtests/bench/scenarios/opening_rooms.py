"""Opens a room with many messages and one with few; compares time, number of queries, query plans.

The queries are read from Postgres' own log (auto_explain), so the application cannot hide any.
"""

import http.client
import json
import re
import statistics
import time
from collections.abc import Iterator
from typing import Any

from loadtests.bench.records import Record
from loadtests.bench.sizes import Sizes
from loadtests.lib.client import rest
from loadtests.lib.servers import Cluster, Postgres
from loadtests.lib.servers.process import HOST
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.bulk_rooms import add_messages, make_rooms, user_ids
from loadtests.lib.systems.hubbub import start

SMALL = 100
ROUNDS = 60
# These tables grow with a room, so no query may read one of them completely.
LARGE_TABLES = ("chat_message", "chat_event")

PATHS = {
    "page": "/rooms/{room}",
    "page at an old message": "/rooms/{room}/{middle}",
    "REST, newest": "/api/rooms/{room}/messages",
    "REST, older": "/api/rooms/{room}/messages?before={middle}",
}


def measure(backends: Backends, sizes: Sizes) -> list[Record]:
    """Measure each URL for a room with many messages and for a room with few."""
    large, small = (_filled_room(backends.cluster, count) for count in (sizes.history, SMALL))
    backends.postgres.execute("VACUUM ANALYZE", database=backends.cluster.name)
    with start(backends, 1) as hubbub:
        browser = Browser(hubbub.replicas[0].port, backends.sessions[0])
        return [
            {"load": "opening rooms", "system": hubbub.name, "name": name}
            | {"messages": sizes.history}
            | _compare(
                backends.postgres,
                browser,
                path.format(room=large, middle=sizes.history // 2),
                path.format(room=small, middle=SMALL // 2),
            )
            for name, path in PATHS.items()
        ]


class Browser:
    """A signed-in browser that keeps one connection to one replica open."""

    def __init__(self, port: int, session: str) -> None:
        self._headers = rest.headers_of(session)
        self._connection = http.client.HTTPConnection(HOST, port)

    def open(self, path: str) -> float:
        """Request a path, and return how long the request took, in seconds."""
        started = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} was answered with {response.status}")
        return time.perf_counter() - started


def _filled_room(cluster: Cluster, count: int) -> str:
    """Return a new room of the first user, with `count` messages."""
    [room] = make_rooms(cluster, 1, 1)
    bodies = [f"message number {number} of a long talk" for number in range(1, count + 1)]
    add_messages(cluster, room, user_ids(cluster)[0], bodies)
    return room


def _compare(postgres: Postgres, browser: Browser, large: str, small: str) -> dict[str, Any]:
    # Warm up: the first requests load some things that later ones reuse.
    for path in (large, small) * 3:
        browser.open(path)
    # Alternate between the rooms, so that other work on the machine affects both alike.
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
        "full_scans": sorted({table for plan in large_plans for table in _full_scans(plan)}),
    }


def _plans_of(postgres: Postgres, browser: Browser, path: str) -> list[Any]:
    """Return the plan of each query of a request."""
    _log_plans_over(postgres, "0")
    browser.open(path)  # when this request ends, its Postgres backend has read the setting
    start = postgres.log.stat().st_size
    browser.open(path)
    _log_plans_over(postgres, "-1")
    logged = postgres.log.read_bytes()[start:].decode(errors="replace")
    return list(_plans_in(logged))


def _log_plans_over(postgres: Postgres, min_duration: str) -> None:
    postgres.execute(f"ALTER SYSTEM SET auto_explain.log_min_duration = {min_duration}")
    postgres.execute("SELECT pg_reload_conf()")
    # Once the signal has arrived, each Postgres backend reads the setting before its next
    # statement.
    time.sleep(0.2)


def _plans_in(logged: str) -> Iterator[Any]:
    """Yield the plans in a part of the log: one JSON object after each "plan:"."""
    for match in re.finditer(r"plan:\s*", logged):
        plan, _ = json.JSONDecoder().raw_decode(logged, match.end())
        if "pg_reload_conf" not in plan["Query Text"] and "ALTER SYSTEM" not in plan["Query Text"]:
            yield plan


def _nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


def _full_scans(plan: Any) -> Iterator[str]:
    for node in _nodes(plan["Plan"]):
        if node["Node Type"].endswith("Seq Scan") and node["Relation Name"] in LARGE_TABLES:
            yield node["Relation Name"]

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

from loadtests.bench.sizes import Sizes
from loadtests.bench.window import Record
from loadtests.lib.client import rest
from loadtests.lib.servers import Cluster, Postgres
from loadtests.lib.servers.process import HOST
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.bulk_rooms import crowd, fill, make_rooms
from loadtests.lib.systems.hubbub import start

SMALL = 100
ROUNDS = 60
# Tables that grow with a room: reading one of them whole is what must not happen.
LARGE_TABLES = ("chat_message", "chat_event")

PATHS = {
    "page": "/rooms/{room}",
    "page at an old message": "/rooms/{room}/{middle}",
    "REST, newest": "/api/rooms/{room}/messages",
    "REST, older": "/api/rooms/{room}/messages?before={middle}",
}


def measure(servers: Servers, sizes: Sizes) -> list[Record]:
    """Return for each address of a room what it costs with many messages and with few."""
    large, small = (_filled(servers.cluster, count) for count in (sizes.history, SMALL))
    servers.postgres.execute("VACUUM ANALYZE", database=servers.cluster.name)
    with start(servers, 1) as peer:
        browser = Browser(peer.replicas[0].port, servers.identities[0])
        return [
            {"part": "history", "peer": peer.name, "name": name, "messages": sizes.history}
            | _compare(
                servers.postgres,
                browser,
                path.format(room=large, middle=sizes.history // 2),
                path.format(room=small, middle=SMALL // 2),
            )
            for name, path in PATHS.items()
        ]


class Browser:
    """One person's browser, with one connection to one replica kept open."""

    def __init__(self, port: int, identity: str) -> None:
        self._headers = rest.headers_of(identity)
        self._connection = http.client.HTTPConnection(HOST, port)

    def open(self, path: str) -> float:
        """Return how long an address took, in seconds."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}")
        return time.perf_counter() - began


def _filled(cluster: Cluster, count: int) -> str:
    """Return a new room of the crowd's first person with so many messages."""
    [room] = make_rooms(cluster, 1, 1)
    talk = [f"message number {number} of a long talk" for number in range(1, count + 1)]
    fill(cluster, room, crowd(cluster)[0], talk)
    return room


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

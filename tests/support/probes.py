"""HTTP requests to the probes and metrics of a process on this machine."""

import asyncio
import time
from collections.abc import Callable, Iterable
from http.client import HTTPConnection

from loadtests.lib.monitoring.prometheus import Scrape
from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def scrape_metrics(port: int) -> Scrape:
    status, text = get(port, "/metrics")
    assert status == 200, text
    return Scrape(text)


def gaps_repaired(replicas: Iterable[Replica]) -> float:
    """Return how many times the replicas read a log because the bus had not delivered an entry."""
    return sum(
        scrape_metrics(replica.port).value("hubbub_gaps_repaired_total", cause=cause)
        for replica in replicas
        for cause in ("lost", "bus_lost", "unknown")
    )


async def scrape_until(
    replica: Replica, condition: Callable[[Scrape], object], within: float = 20
) -> Scrape:
    """Scrape until the condition holds. Return that scrape."""
    deadline = time.monotonic() + within
    while not condition(shown := await asyncio.to_thread(scrape_metrics, replica.port)):
        samples = [one for one in shown.samples if not one.name.endswith("_bucket")]
        assert time.monotonic() < deadline, samples
        await asyncio.sleep(0.1)
    return shown

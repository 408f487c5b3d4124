"""HTTP requests to the probes and metrics of a process on this machine."""

from http.client import HTTPConnection

from loadtests.lib.monitoring.prometheus import Scrape
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

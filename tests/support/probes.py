"""Asking a process of this machine for what it shows to probes and to Prometheus."""

from http.client import HTTPConnection

from loadtests.lib.monitoring.prometheus import Scrape
from loadtests.lib.servers.process import HOST


def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def scrape(port: int) -> Scrape:
    status, text = ask(port, "/metrics")
    assert status == 200, text
    return Scrape(text)

"""Of a socket that is gone nothing stays, also while the garbage collector does not come by.

It comes seldom: what only it could free would grow for an hour (`server._spare_the_collector`).
"""

import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest
from websocket import WebSocket, create_connection

from loadtests.servers.process import HOST
from tests.server.serving import Ours

SOCKETS = 20
GONE_SECONDS = 15


@pytest.fixture
def alone() -> Iterator[Ours]:
    """A server without a garbage collector: it is nobody else's."""
    with Ours() as server:
        yield server


@pytest.mark.parametrize("first", ["attach", "stay"])
def test_nothing_stays_of_sockets_that_are_gone(alone: Ours, first: str) -> None:
    visit(alone, first)
    before = kept(alone)
    for _ in range(SOCKETS):
        visit(alone, first)
    deadline = time.monotonic() + GONE_SECONDS
    # Requests that asked are there for a second, too: fewer than half as many as sockets were.
    while any(now - then >= SOCKETS / 2 for now, then in zip(kept(alone), before, strict=True)):
        assert time.monotonic() < deadline, (before, kept(alone))
        time.sleep(0.5)


def visit(server: Ours, first: str) -> None:
    connection: WebSocket = create_connection(f"ws://{HOST}:{server.port}/")
    with closing(connection):
        connection.send(first)
        connection.recv()


def kept(server: Ours) -> list[int]:
    """Return how many protocols, requests and channels there are."""
    connection = HTTPConnection(HOST, server.port, timeout=5)
    with closing(connection):
        connection.request("GET", "/kept")
        return [int(number) for number in connection.getresponse().read().split()]

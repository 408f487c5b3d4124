"""A server uses all file descriptors that it may have, and survives if none is left.

The tests lower the limit of a running server, because thousands of connections would be slow.
"""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import psutil
import pytest

from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.stack import wait_until
from tests.realtime.server.servers import Ours

SOFT, HARD = 256, 4_000
WARNING = "No file descriptor is left"


class Limited(Ours):
    """Our server, started with a soft limit below its hard limit, as systemd does."""

    forkable = False

    def command(self) -> list[str]:
        return ["prlimit", f"--nofile={SOFT}:{HARD}", *super().command()]


@pytest.fixture
def server() -> Iterator[Limited]:
    with Limited() as server:
        yield server


def test_a_server_raises_its_soft_limit_to_the_hard_limit(server: Limited) -> None:
    assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (HARD, HARD)


def test_at_the_limit_connections_are_refused_with_one_warning(server: Limited) -> None:
    with ExitStack() as held, limit(server, psutil.Process(server.pid).num_fds() + 5):
        while not is_refused(client := connect(server), 0.5):
            held.enter_context(closing(client))
        for _ in range(20):
            assert is_refused(connect(server), 10)
    wait_until(lambda: is_served(server))
    assert warnings(server) == 1
    assert "nofile" in server.tail()


def test_connections_that_cannot_be_accepted_wait_without_load(server: Limited) -> None:
    """Twisted's reserved descriptor is above this limit, so closing it makes no room."""
    with ExitStack() as waiting, limit(server, 3):
        client = waiting.enter_context(closing(connect(server)))
        wait_until(lambda: warnings(server))
        before = cpu_seconds(server)
        time.sleep(2)  # the load is measured over this time
        assert cpu_seconds(server) - before < 0.4
        with limit(server, HARD):
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.recv(1) == b"H"
            assert is_served(server)
    assert warnings(server) == 1


@contextmanager
def limit(server: Limited, files: int) -> Iterator[None]:
    """Set the soft limit of a running server until the `with` block ends."""
    before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (files, HARD))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)


def connect(server: Limited) -> socket.socket:
    return socket.create_connection((HOST, server.port), timeout=10)


def is_served(server: Limited) -> bool:
    with closing(connect(server)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return client.recv(1) == b"H"


def is_refused(client: socket.socket, within_seconds: float) -> bool:
    """Return whether the server closes the connection. If so, close it here, too."""
    client.settimeout(within_seconds)
    try:
        assert client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    client.close()
    return True


def warnings(server: Limited) -> int:
    return server.log.read_text().count(WARNING)


def cpu_seconds(server: Limited) -> float:
    used = psutil.Process(server.pid).cpu_times()
    return used.user + used.system

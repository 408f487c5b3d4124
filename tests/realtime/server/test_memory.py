"""Of a socket that is gone nothing stays, also while the garbage collector does not come by.

It comes seldom: what only it could free would grow for an hour (`server.memory`).
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest
from websocket import WebSocket, create_connection

from loadtests.lib.servers.process import HOST, ROOT
from tests.realtime.server.servers import Ours

# Tells by mallinfo2(3) whether nearly all of a hundred buffers are mapped by themselves: before the
# server has its say, after it, and once they are freed.
LARGE = """
import ctypes
from hubbub.realtime.server.memory import limit_heap_fragmentation

C = ctypes.CDLL(None)
FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
Info = type("Info", (ctypes.Structure,), {
    "_fields_": [(name, ctypes.c_size_t) for name in FIELDS.split()]
})
C.mallinfo2.restype = Info

def mapped():
    # One or two may find room that is free already.
    return "all" if C.mallinfo2().hblks >= 90 else "few"

def buffers():
    return [bytearray(64 * 1024) for _ in range(100)]

bytearray(8 * 1024 * 1024)
before = buffers()
print(mapped())
limit_heap_fragmentation()
after = buffers()
print(mapped())
del after
print(mapped())
"""
# How many heaps there are once threads have taken something, with a word said before, or not.
HEAPS = """
import ctypes, sys, tempfile, threading
from hubbub.realtime.server.memory import limit_heap_fragmentation

C = ctypes.CDLL(None)
C.fopen.restype = C.malloc.restype = ctypes.c_void_p
C.malloc_info.argtypes, C.fclose.argtypes = (ctypes.c_int, ctypes.c_void_p), (ctypes.c_void_p,)

if sys.argv[1] == "whole":
    limit_heap_fragmentation()
all_there = threading.Barrier(5)

def take():
    C.malloc(1_000)
    all_there.wait()

threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads:
    thread.start()
all_there.wait()
with tempfile.NamedTemporaryFile() as file:
    told = C.fopen(file.name.encode(), b"w")
    C.malloc_info(0, told)
    C.fclose(told)
    print(file.read().count(b"<heap nr="))
"""
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


def test_what_is_large_is_given_back_when_it_is_freed() -> None:
    """Whatever was freed before: glibc's own threshold grows with that."""
    assert said_by(LARGE).split() == ["few", "all", "few"]


def test_all_threads_have_one_heap() -> None:
    assert int(said_by(HEAPS, "as it comes")) > 1
    assert int(said_by(HEAPS, "whole")) == 1


def said_by(script: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={"PYTHONPATH": str(ROOT / "app")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

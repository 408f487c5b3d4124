"""A closed socket leaves nothing behind, even if the garbage collector does not run.

The collector runs rarely, so objects that only the collector can free would pile up for an hour
(`server.memory`).
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

# This program prints whether nearly all of a hundred buffers are mapped on their own
# (mallinfo2(3)): without the setting, with the setting, and after the buffers are freed.
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
    # One or two may fit into free space of the heap.
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
# This program prints how many heaps exist after threads have allocated memory, with or without the
# setting.
HEAPS = """
import ctypes, sys, tempfile, threading
from hubbub.realtime.server.memory import limit_heap_fragmentation

C = ctypes.CDLL(None)
C.fopen.restype = C.malloc.restype = ctypes.c_void_p
C.malloc_info.argtypes, C.fclose.argtypes = (ctypes.c_int, ctypes.c_void_p), (ctypes.c_void_p,)

if sys.argv[1] == "limited":
    limit_heap_fragmentation()
all_allocated = threading.Barrier(5)

def allocate():
    C.malloc(1_000)
    all_allocated.wait()

threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
all_allocated.wait()
with tempfile.NamedTemporaryFile() as file:
    report = C.fopen(file.name.encode(), b"w")
    C.malloc_info(0, report)
    C.fclose(report)
    print(file.read().count(b"<heap nr="))
"""
SOCKETS = 20
CLEANUP_SECONDS = 15


@pytest.fixture
def own_server() -> Iterator[Ours]:
    """Return a server for this test alone, because the test turns off its garbage collector."""
    with Ours() as server:
        yield server


@pytest.mark.parametrize("first", ["attach", "stay"])
def test_closed_sockets_leave_no_objects_behind(own_server: Ours, first: str) -> None:
    visit(own_server, first)
    before = count_objects(own_server)
    for _ in range(SOCKETS):
        visit(own_server, first)
    deadline = time.monotonic() + CLEANUP_SECONDS
    # Tolerate a small surplus: the requests that `count_objects` itself makes stay in memory for
    # about a second, but never as many as SOCKETS / 2 at once.
    while any(
        now - then >= SOCKETS / 2
        for now, then in zip(count_objects(own_server), before, strict=True)
    ):
        assert time.monotonic() < deadline, (before, count_objects(own_server))
        time.sleep(0.5)


def visit(server: Ours, first: str) -> None:
    connection: WebSocket = create_connection(f"ws://{HOST}:{server.port}/")
    with closing(connection):
        connection.send(first)
        connection.recv()


def count_objects(server: Ours) -> list[int]:
    """Return how many protocols, requests and channels exist."""
    connection = HTTPConnection(HOST, server.port, timeout=5)
    with closing(connection):
        connection.request("GET", "/objects")
        return [int(number) for number in connection.getresponse().read().split()]


def test_large_buffers_are_returned_to_the_system_when_they_are_freed() -> None:
    """This holds even after other buffers were freed, which raises glibc's own threshold."""
    assert output_of(LARGE).split() == ["few", "all", "few"]


def test_all_threads_share_one_heap() -> None:
    assert int(output_of(HEAPS, "default")) > 1
    assert int(output_of(HEAPS, "limited")) == 1


def output_of(script: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={"PYTHONPATH": str(ROOT / "app")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

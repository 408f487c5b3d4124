"""Tunes the memory of a replica: rare garbage collection, and a heap that does not fragment.

The server calls both functions once, when it starts. Because the collector runs so rarely, a closed
socket must not depend on it: `websocket_protocol`, `after_handshake` and `server` break the
socket's reference cycles when the socket ends. Otherwise its objects would stay for an hour.
"""

import ctypes
import gc
import logging

# Collect the youngest generation after 10,000 new objects, the middle one after 5 collections of
# the youngest, and the oldest after 50 collections of the middle one.
GC_THRESHOLDS = 10_000, 5, 50
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # mallopt(3)
LARGE_BYTES = 32 * 1024

logger = logging.getLogger(__name__)


def collect_garbage_rarely() -> None:
    """Make garbage collection rare, and permanently exempt everything that is loaded so far.

    With Python's default thresholds the collector visits all objects of all sockets again and again
    while thousands connect. That takes a third of the time of a handshake, and stalls the event
    loop for 0.4 s at 5,000 sockets.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def limit_heap_fragmentation() -> None:
    """Make glibc use one heap for all threads, and map large buffers outside of it.

    By default each thread has a heap that grows to its own peak. One heap is enough, since threads
    that allocate mostly wait for Python's lock anyway. A buffer that is mapped on its own returns
    to the system when it is freed.

    By default glibc soon allocates large buffers on the heap, too (its threshold grows with what is
    freed), and small long-lived objects fill the gaps that they leave. With 30 messages and three
    visits a second, the heap grew by 0.7 MiB in half a minute although no more of it was in use;
    with a fixed threshold it grew by 0.17 MiB.

    Does nothing on other C libraries.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    if not (mallopt(M_MMAP_THRESHOLD, LARGE_BYTES) and mallopt(M_ARENA_MAX, 1)):
        logger.debug("The C library did not accept the heap settings.")

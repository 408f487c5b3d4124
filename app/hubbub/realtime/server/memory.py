"""How a replica's memory is kept: collected seldom, and without holes that nobody fills.

The server calls both once, as it begins. What a socket leaves has to be free without the collector:
its cycles of references are cut where it ends (`protocol`, `server`), or it would stay for an hour.
"""

import ctypes
import gc
import logging

# Objects made before the youngest are looked at, and how often that is done before the next age's.
GC_THRESHOLDS = 10_000, 5, 50
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # mallopt(3)
LARGE_BYTES = 32 * 1024

logger = logging.getLogger(__name__)


def spare_the_collector() -> None:
    """Let the garbage collector look seldom, and never again at what was loaded to begin with.

    With Python's thresholds it goes through all objects of all sockets again and again while
    thousands come: a third of the time for a handshake, and the event loop stands still for 0.4 s
    at 5,000 of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def keep_the_heap_whole() -> None:
    """Have the C library keep one heap for all threads, and what is large apart from it.

    Otherwise each thread has a heap of its own, and each grows to its own peak: but for one at a
    time they wait for Python's lock anyway. What is large is mapped by itself, and given back when
    it is freed.

    glibc soon takes large buffers from its heap instead (its threshold grows with what is freed),
    and small things that stay come to lie where there was one: the heap grew by 0.7 MiB in half a
    minute of 30 messages and three visits a second, though no more of it was used; so by 0.17.
    Elsewhere than on glibc nothing is done.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    if not (mallopt(M_MMAP_THRESHOLD, LARGE_BYTES) and mallopt(M_ARENA_MAX, 1)):
        logger.debug("The C library takes no wishes for its heap.")

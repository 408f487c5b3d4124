"""What processes use of the machine, as the kernel counts it: CPU time, memory, files, threads.

A part of a deployment is a process and all below it. What ends meanwhile is left out.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import psutil


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return what these processes and all below them have used so far, user and system time.

    Children that ended are in it once their parent has waited for them.
    """
    total = 0.0
    for process in _families(pids):
        with suppress(psutil.NoSuchProcess, OSError):
            ended = process.cpu_times()
            total += _clock(process.pid) + ended.children_user + ended.children_system
    return total


def memory_bytes(pids: Sequence[int]) -> int:
    """Return the processes' proportional set size: what they share with others is divided."""
    return sum(process.memory_full_info().pss for process in _families(pids))


def usage(pid: int) -> dict[str, float]:
    """Return what one process and all below it have now.

    `anonymous_bytes` is their resident memory without files and without what is shared on purpose,
    such as Postgres's buffers; what a fork has not written yet counts for both of them. Raises
    psutil.Error where the first of them is gone or may not be looked at.
    """
    found = {"processes": 0, "resident_bytes": 0, "anonymous_bytes": 0, "files": 0, "threads": 0}
    for process in _families([pid]):
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_info()
            found["files"] += process.num_fds()
            found["threads"] += process.num_threads()
            found["resident_bytes"] += memory.rss
            found["anonymous_bytes"] += memory.rss - memory.shared
            found["processes"] += 1
    return {**found, "cpu_seconds": cpu_seconds([pid])}


def _families(pids: Sequence[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        root = psutil.Process(pid)
        yield root
        yield from root.children(recursive=True)


def _clock(pid: int) -> float:
    """Return the CPU time of all threads of a process: clock_getcpuclockid(3), in nanoseconds.

    /proc has the same in ticks of ten milliseconds, which is too coarse for a few hundred messages.
    """
    return time.clock_gettime(~pid << 3 | 2)

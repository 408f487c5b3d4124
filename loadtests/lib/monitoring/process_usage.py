"""The resources that processes use, as the kernel counts them: CPU time, memory, files, threads.

A part of a deployment is a process with its descendants. A process that ends while it is being
measured is left out.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import psutil


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the CPU time (user and system) of these processes and their descendants.

    A child that has ended is included once its parent has waited for it.
    """
    total = 0.0
    for process in _families(pids):
        with suppress(psutil.NoSuchProcess, OSError):
            ended = process.cpu_times()
            total += _clock(process.pid) + ended.children_user + ended.children_system
    return total


def memory_bytes(pids: Sequence[int]) -> int:
    """Return the proportional set size of the processes.

    Of the memory that they share with other processes, only a proportional part counts.
    """
    return sum(process.memory_full_info().pss for process in _families(pids))


def usage(pid: int) -> dict[str, float]:
    """Return the current usage of a process and its descendants.

    `anonymous_bytes` is their resident memory without files and without shared memory, such as
    Postgres's buffers. After a fork, pages that neither process has written count for both. Raises
    psutil.Error if the process has ended or we have no right to inspect it.
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
    """Return the CPU time of all threads of a process.

    clock_getcpuclockid(3) has a resolution of nanoseconds. /proc has the same figure in ticks of
    ten milliseconds, which is too coarse for a few hundred messages.
    """
    return time.clock_gettime(~pid << 3 | 2)

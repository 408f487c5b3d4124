"""What processes use of the machine, as the kernel counts it: CPU time and memory."""

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

"""Measures what a system's processes and the whole machine use during the window of a load."""

import psutil

from loadtests.lib.systems.system import System


class UsageWindow:
    """Measures usage between two calls: call it when the window starts and when it ends.

    The longest stall of an event loop is that of the last ten seconds before the second call. This
    covers a load of eight seconds. For a shorter load, it also includes some time before the load.
    With `reads_stall=False`, the longest stall is not read, because an overloaded replica might not
    answer in time.
    """

    def __init__(self, system: System, *, reads_stall: bool = True) -> None:
        self._system, self._reads_stall = system, reads_stall
        self._edges: list[dict[str, float]] = []
        # For the start and the end of the window: the busy and the total CPU time of all cores.
        self._machine: list[tuple[float, float]] = []
        self.loop_stall_ms: float | None = None  # the longest stall of an event loop, if known

    def __call__(self) -> None:
        self._edges.append(self._system.cpu())
        times = psutil.cpu_times()
        self._machine.append((sum(times) - times.idle - times.iowait, sum(times)))
        if self._reads_stall and len(self._edges) == 2:
            # The stall is read after the CPU time, because reading it costs CPU time.
            self.loop_stall_ms = self._system.longest_loop_stall_ms()

    @property
    def cpu(self) -> dict[str, float]:
        start, end = self._edges
        return {name: round(end[name] - start[name], 6) for name in end}

    @property
    def machine_percent(self) -> float:
        (busy, total), (busy_at_end, total_at_end) = self._machine
        return 100 * (busy_at_end - busy) / (total_at_end - total)

"""The live line: elapsed time, rate, connections, the longest current silence, active faults."""

import time

from loadtests.chaos.executor import FaultExecutor
from loadtests.lib.client.history import EventReceived
from loadtests.lib.simulation import Simulation
from loadtests.lib.simulation.simulated_user import SimulatedTab

RATE_SECONDS = 5.0  # over which messages are counted


class ProgressLine:
    """Calling it returns the current line."""

    def __init__(self, simulation: Simulation, executor: FaultExecutor) -> None:
        self._simulation, self._executor = simulation, executor
        self._began = time.monotonic()

    def __call__(self) -> str:
        now, simulation = time.monotonic(), self._simulation
        tabs, listeners = simulation.tabs, simulation.listeners
        connected = sum(tab.client.connected for tab in tabs)
        silence = max((_silence(tab, now) for tab in tabs if tab.name in listeners), default=0.0)
        rate = simulation.acknowledged_since(now - RATE_SECONDS) / RATE_SECONDS
        return (
            f"{now - self._began:5.0f} s  {rate:5.1f}/s  {connected}/{len(tabs)} connected  "
            f"silence {silence:4.1f} s  {', '.join(self._executor.active) or 'no fault'}"
        )


def _silence(tab: SimulatedTab, now: float) -> float:
    entries = reversed(tab.client.history.entries)
    return now - next((one.at for one in entries if isinstance(one, EventReceived)), now)

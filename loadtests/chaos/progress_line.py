"""The live line: how far it is, which faults last, how much is said, how long nobody heard it."""

import asyncio
import time
from types import TracebackType
from typing import Self

from loadtests.chaos.executor import Performance
from loadtests.lib.client.history import EventReceived
from loadtests.lib.console import is_terminal, update_status
from loadtests.lib.simulation import Simulation
from loadtests.lib.simulation.simulated_user import SimulatedTab

EVERY_SECONDS = 1.0
EVERY_SECONDS_IN_A_FILE = 5.0


class Live:
    def __init__(self, crowd: Simulation, performance: Performance) -> None:
        self._crowd, self._performance = crowd, performance
        self._began = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tell())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _tell(self) -> None:
        pause = EVERY_SECONDS if is_terminal() else EVERY_SECONDS_IN_A_FILE
        while True:
            await asyncio.sleep(pause)
            update_status(self._line(pause))

    def _line(self, pause: float) -> str:
        now, crowd = time.monotonic(), self._crowd
        tabs, listeners = crowd.tabs, crowd.listeners
        connected = sum(tab.client.connected for tab in tabs)
        silent = max((_silent(tab, now) for tab in tabs if tab.name in listeners), default=0.0)
        lasting = ", ".join(self._performance.lasting) or "no fault"
        return (
            f"{now - self._began:5.0f} s  {crowd.acknowledged_since(now - pause) / pause:5.1f}/s  "
            f"{connected}/{len(tabs)} connected  silence {silent:4.1f} s  {lasting}"
        )


def _silent(tab: SimulatedTab, now: float) -> float:
    newest = (
        one.at for one in reversed(tab.client.history.entries) if isinstance(one, EventReceived)
    )
    return now - next(newest, now)

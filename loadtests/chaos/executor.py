"""Injects the faults of a schedule, and records when each really happened and what proves it.

A machine may be slower than the schedule. A fault waits for those that it must not overlap with,
so the overlap rule always holds, and everything after it happens later.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from loadtests.chaos.fault_kind import FaultKind
from loadtests.chaos.faults import FAULTS, Fault, FaultContext
from loadtests.chaos.schedule import Schedule, ScheduledFault

CHECK_SECONDS = 0.25


@dataclass(slots=True)
class Execution:
    """A fault as it happened; times are monotonic. `error` says why it could not be injected or
    healed."""

    fault: ScheduledFault
    started: float
    healed: float = 0.0
    settled: float = 0.0
    evidence: str = ""
    error: str = ""
    affected: set[str] = field(default_factory=set)  # clients, if it is a client fault

    @property
    def kind(self) -> FaultKind:
        return self.fault.kind

    @property
    def active(self) -> bool:
        return not self.healed


@dataclass(slots=True)
class FaultExecutor:
    context: FaultContext
    alone: bool = False  # no two faults at the same time
    executions: list[Execution] = field(default_factory=list)
    _running: dict[asyncio.Task[None], ScheduledFault] = field(default_factory=dict)

    @property
    def active(self) -> list[str]:
        """The names of the faults that are active at this moment."""
        return [one.kind.name for one in self.executions if one.active]

    async def run(self, schedule: Schedule, log: Callable[[str], None]) -> None:
        """Inject and heal all faults."""
        started = time.monotonic()
        try:
            for fault in schedule:
                await asyncio.sleep(max(0.0, started + fault.at - time.monotonic()))
                await self._wait_for_conflicting(fault)
                execution = Execution(fault, time.monotonic())
                self.executions.append(execution)
                self._running[asyncio.create_task(self._execute(execution, log))] = fault
            await asyncio.gather(*self._running)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _wait_for_conflicting(self, fault: ScheduledFault) -> None:
        while waiting := [
            task for task, one in self._running.items() if self._conflict(one, fault)
        ]:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
                del self._running[task]

    def _conflict(self, running: ScheduledFault, fault: ScheduledFault) -> bool:
        one, other = running.kind, fault.kind
        return self.alone or one.target is other.target or one.outage or other.outage

    async def _execute(self, execution: Execution, log: Callable[[str], None]) -> None:
        kind = execution.kind
        fault = FAULTS[kind.name](self.context, execution.fault.victim)
        try:
            await self._inject(fault, execution)
        except Exception as error:  # after any error, the fault is healed and the run is judged
            execution.error = f"{type(error).__name__}: {error}"
        finally:
            if not execution.healed:
                execution.healed = time.monotonic()
                execution.settled = execution.healed
                with suppress(Exception):  # the first error is the one to report
                    await fault.heal()
            execution.settled = execution.settled or time.monotonic()
        log(f"{kind.name}: {execution.error or execution.evidence or 'without any effect'}")
        if self.alone:
            await asyncio.sleep(execution.started + kind.alone_seconds - time.monotonic())

    async def _inject(self, fault: Fault, execution: Execution) -> None:
        kind = execution.kind
        await fault.apply()
        await self._watch(fault, execution, execution.started + kind.seconds)
        await fault.heal()
        execution.healed = time.monotonic()
        await self._watch(fault, execution, execution.healed + kind.settle_seconds)

    async def _watch(self, fault: Fault, execution: Execution, until: float) -> None:
        """Wait until a time, collecting evidence."""
        while (left := until - time.monotonic()) > 0:
            execution.evidence = await fault.evidence() or execution.evidence
            if execution.active:
                execution.affected |= await fault.affected_clients()
            await asyncio.sleep(min(CHECK_SECONDS, max(0.0, left)))

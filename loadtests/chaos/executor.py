"""Injects the faults of a schedule, and records when each really happened and its evidence.

A machine can be slower than the schedule. A fault waits for the faults that it must not overlap
with, so the overlap rule always holds, and everything after that fault happens later.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from loadtests.chaos.fault_kind import FaultKind, FaultTarget
from loadtests.chaos.faults import FAULTS
from loadtests.chaos.faults.fault import Effect, FaultContext
from loadtests.chaos.schedule import Schedule, ScheduledFault
from loadtests.lib.checker.intervals import Interval

CHECK_SECONDS = 0.25


@dataclass(slots=True)
class Execution:
    """A fault as it happened. Times are monotonic.

    `error` says why the fault could not be injected or healed.
    """

    fault: ScheduledFault
    started: float
    healed: float = 0.0
    settled: float = 0.0
    evidence: str = ""
    error: str = ""
    # The affected clients, if this is a client fault.
    affected: set[str] = field(default_factory=set)

    @property
    def kind(self) -> FaultKind:
        return self.fault.kind

    @property
    def window(self) -> Interval:
        return self.started, self.settled

    @property
    def active(self) -> bool:
        return not self.healed


@dataclass(slots=True)
class FaultExecutor:
    context: FaultContext
    alone: bool = False  # if True, no two faults are active at the same time
    executions: list[Execution] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def active(self) -> list[str]:
        """The names of the faults that are active at this moment."""
        return [one.kind.name for one in self.executions if one.active]

    @property
    def span(self) -> Interval:
        """The time from the start until all faults so far have settled."""
        return self.started, max((one.settled for one in self.executions), default=self.started)

    async def run(self, schedule: Schedule, log: Callable[[str], None]) -> None:
        """Inject and heal all faults."""
        self.started = time.monotonic()
        # Each fault holds the lock of its target, and an outage holds all of them.
        targets = {target: asyncio.Lock() for target in FaultTarget}
        async with asyncio.TaskGroup() as running:
            for fault in schedule:
                await asyncio.sleep(max(0.0, self.started + fault.at - time.monotonic()))
                is_exclusive = self.alone or fault.kind.outage
                locks = list(targets.values()) if is_exclusive else [targets[fault.kind.target]]
                for lock in locks:
                    await lock.acquire()
                execution = Execution(fault, time.monotonic())
                self.executions.append(execution)
                task = running.create_task(self._execute(execution, log))
                task.add_done_callback(partial(_release, locks))

    async def _execute(self, execution: Execution, log: Callable[[str], None]) -> None:
        kind = execution.kind
        context = replace(self.context, victim=execution.fault.victim)
        try:
            async with FAULTS[kind.name](context) as effect:
                await self._watch(effect, execution, execution.started + kind.seconds)
            execution.healed = time.monotonic()
            await self._watch(effect, execution, execution.healed + kind.settle_seconds)
        except Exception as error:  # after any error, the fault is healed and the run is judged
            execution.error = f"{type(error).__name__}: {error}"
        finally:
            execution.settled = time.monotonic()
            execution.healed = execution.healed or execution.settled
        log(f"{kind.name}: {execution.error or execution.evidence or 'without any effect'}")
        if self.alone:
            await asyncio.sleep(execution.started + kind.alone_seconds - time.monotonic())

    async def _watch(self, effect: Effect, execution: Execution, until: float) -> None:
        """Wait until the given time, and collect evidence meanwhile."""
        while (left := until - time.monotonic()) > 0:
            execution.evidence = await effect.evidence() or execution.evidence
            if execution.active:
                execution.affected.update(client.name for client in await effect.affected())
            await asyncio.sleep(min(CHECK_SECONDS, max(0.0, left)))


def _release(locks: Iterable[asyncio.Lock], _: object) -> None:
    for lock in locks:
        lock.release()

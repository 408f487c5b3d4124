"""Do to a place what a schedule says, and note when each fault really was, and what showed it.

A machine is slower than a schedule: a fault waits for those that it must not overlap with, so the
rule of overlaps holds in fact, and everything after it comes later.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from loadtests.chaos.faults import FAULTS, Fault, Scene
from loadtests.chaos.schedule import Entry

LOOK_SECONDS = 0.25


@dataclass(slots=True)
class Happened:
    """A fault as it was; times are monotonic. `failure` says why a place did not come back."""

    entry: Entry
    began: float
    healed: float = 0.0
    settled: float = 0.0
    evidence: str = ""
    failure: str = ""
    victims: set[str] = field(default_factory=set)  # clients to whom a fault of clients was done

    @property
    def lasts(self) -> bool:
        return not self.healed


@dataclass(slots=True)
class Performance:
    scene: Scene
    alone: bool = False  # no two faults at a time
    happened: list[Happened] = field(default_factory=list)
    _running: dict[asyncio.Task[None], Entry] = field(default_factory=dict)

    @property
    def lasting(self) -> list[str]:
        return [one.entry.kind.name for one in self.happened if one.lasts]

    async def give(self, schedule: Sequence[Entry], say: Callable[[str], None]) -> None:
        """Return when all has been done and healed."""
        began = time.monotonic()
        try:
            for entry in schedule:
                await asyncio.sleep(max(0.0, began + entry.at - time.monotonic()))
                await self._until_may_begin(entry)
                happened = Happened(entry, time.monotonic())
                self.happened.append(happened)
                self._running[asyncio.create_task(self._do(happened, say))] = entry
            await asyncio.gather(*self._running)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _until_may_begin(self, entry: Entry) -> None:
        while against := [task for task, one in self._running.items() if self._against(one, entry)]:
            done, _ = await asyncio.wait(against, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
                del self._running[task]

    def _against(self, running: Entry, entry: Entry) -> bool:
        return self.alone or _conflict(running, entry)

    async def _do(self, happened: Happened, say: Callable[[str], None]) -> None:
        kind = happened.entry.kind
        fault = FAULTS[kind.name](self.scene, happened.entry.victim)
        healed = False
        try:
            await fault.apply()
            await self._look(fault, happened, happened.began + kind.seconds)
            await fault.heal()
            healed = True
            happened.healed = time.monotonic()
            ends = happened.healed + kind.settle_seconds
            await self._look(fault, happened, ends)
        except Exception as error:  # whatever it is, the place is healed and the run is judged
            happened.failure = f"{type(error).__name__}: {error}"
        finally:
            happened.healed = happened.healed or time.monotonic()
            happened.settled = time.monotonic()
            if not healed:
                await _heal(fault)
        say(f"{kind.name}: {happened.failure or happened.evidence or 'nobody saw it'}")
        if self.alone:
            await asyncio.sleep(happened.began + kind.alone_seconds - time.monotonic())

    async def _look(self, fault: Fault, happened: Happened, until: float) -> None:
        """Let time pass, and look for evidence meanwhile."""
        while (left := until - time.monotonic()) > 0:
            happened.evidence = await fault.seen() or happened.evidence
            if happened.lasts:
                happened.victims |= await fault.victims()
            await asyncio.sleep(min(LOOK_SECONDS, max(0.0, left)))


def _conflict(running: Entry, next: Entry) -> bool:
    one, other = running.kind, next.kind
    return one.part is other.part or one.outage or other.outage


async def _heal(fault: Fault) -> None:
    with suppress(Exception):  # the first failure is the one that is told
        await fault.heal()

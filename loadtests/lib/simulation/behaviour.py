"""How people live: one act after another, with pauses; and what their acts are made of."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from loadtests.lib.client.history import AccessRevoked
from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.simulated_user import SimulatedTab, SimulatedUser
from loadtests.lib.simulation.simulation import Simulation

TEND_SECONDS = 0.25
SENT_AWAY_SECONDS = 20.0


async def pause(simulation: Simulation, me: SimulatedUser, mean_seconds: float) -> bool:
    """Wait for about so long; False as soon as it is time to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(me.dice.uniform(0.5, 1.5) * mean_seconds):
            await simulation.stopping.wait()
    return not simulation.stopping.is_set()


async def tend(simulation: Simulation) -> None:
    """Have every tab show its rooms again which it was put out of and may have back."""
    while True:
        for tab in simulation.tabs:
            for room in tab.missing:
                await tab.client.subscribe(room)
        await asyncio.sleep(TEND_SECONDS)


async def show(tab: SimulatedTab, room: int, start: Start) -> None:
    """Have a tab show a room from now on. Where it cannot be had yet, it comes later.

    A tab that still shows it, since it was not told yet that its person left, leaves it first.
    """
    if room not in tab.wanted:
        await hide(tab, room)
        await tab.client.subscribe(room, start)
        tab.wanted.add(room)


async def hide(tab: SimulatedTab, room: int) -> None:
    tab.wanted.discard(room)
    if room in tab.client.protocol.subscriptions:
        await tab.client.unsubscribe(room)


@contextmanager
def revoking(simulation: Simulation, whom: SimulatedUser, room: int | None) -> Iterator[None]:
    """Note that somebody may no longer be there (None: in no room) once the block is done."""
    requested_at = time.monotonic()
    names = tuple(tab.name for tab in whom.tabs)
    yield
    simulation.revocations.add(AccessRevoked, requested_at, names, room)


async def until_sent_away(me: SimulatedUser) -> None:
    """Wait until all tabs were told to stay away, but not for ever: the checker judges."""
    deadline = time.monotonic() + SENT_AWAY_SECONDS
    for tab in me.tabs:
        with suppress(TimeoutError):
            await tab.wait_until(lambda tab: tab.client.stop_code is not None, "stays", deadline)


async def come_back(simulation: Simulation, me: SimulatedUser) -> None:
    """Open new tabs for those that were sent away."""
    former, me.tabs = me.tabs, []
    for tab in former:
        await tab.client.close()
        await simulation.open_tab(me, tab.wanted)

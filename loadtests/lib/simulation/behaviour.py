"""How people live: one act after another, with pauses; and what their acts are made of."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from loadtests.lib.client.history import AccessRevoked
from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.simulated_user import Somebody, Tab
from loadtests.lib.simulation.simulation import Crowd

TEND_SECONDS = 0.25
SENT_AWAY_SECONDS = 20.0


async def pause(crowd: Crowd, me: Somebody, mean_seconds: float) -> bool:
    """Wait for about so long; False as soon as it is time to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(me.dice.uniform(0.5, 1.5) * mean_seconds):
            await crowd.over.wait()
    return not crowd.over.is_set()


async def tend(crowd: Crowd) -> None:
    """Have every tab show its rooms again which it was put out of and may have back."""
    while True:
        for tab in crowd.tabs:
            for room in tab.missing:
                await tab.client.subscribe(room)
        await asyncio.sleep(TEND_SECONDS)


async def show(tab: Tab, room: int, start: Start) -> None:
    """Have a tab show a room from now on. Where it cannot be had yet, it comes later.

    A tab that still shows it, since it was not told yet that its person left, leaves it first.
    """
    if room not in tab.wanted:
        await hide(tab, room)
        await tab.client.subscribe(room, start)
        tab.wanted.add(room)


async def hide(tab: Tab, room: int) -> None:
    tab.wanted.discard(room)
    if room in tab.client.protocol.subscriptions:
        await tab.client.unsubscribe(room)


@contextmanager
def revoking(crowd: Crowd, whom: Somebody, room: int | None) -> Iterator[None]:
    """Note that somebody may no longer be there (None: in no room) once the block is done."""
    requested_at = time.monotonic()
    names = tuple(tab.name for tab in whom.tabs)
    yield
    crowd.deeds.add(AccessRevoked, requested_at, names, room)


async def until_sent_away(me: Somebody) -> None:
    """Wait until all tabs were told to stay away, but not for ever: the checker judges."""
    deadline = time.monotonic() + SENT_AWAY_SECONDS
    for tab in me.tabs:
        with suppress(TimeoutError):
            await tab.wait_until(lambda tab: tab.client.stop_code is not None, "stays", deadline)


async def come_back(crowd: Crowd, me: Somebody) -> None:
    """Open new tabs for those that were sent away."""
    former, me.tabs = me.tabs, []
    for tab in former:
        await tab.client.close()
        await crowd.open_tab(me, tab.wanted)

"""What simulated users do repeatedly until the simulation stops.

Each user's random generator decides the details. An activity that has started is finished even
while the servers are unreachable: for example, a user who was removed from a room is added again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from loadtests.lib.client.history import AccessRevoked
from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.message_text import sentence
from loadtests.lib.simulation.plan import Behaviour
from loadtests.lib.simulation.simulated_user import SimulatedTab, SimulatedUser
from loadtests.lib.simulation.simulation import Simulation
from loadtests.lib.simulation.tab_activities import TabActivities
from loadtests.lib.simulation.user_kinds import FAULT_TEST_TALKER, Activity

FROM_THE_BEGINNING_CHANCE = 0.2
RESTORE_SECONDS = 0.25
SIGNED_OUT_SECONDS = 20.0
NOT_A_MEMBER = 404

PerformBehaviour = Callable[[Simulation, SimulatedUser], Awaitable[None]]


async def talk(
    simulation: Simulation, user: SimulatedUser, room: int, pause_seconds: float
) -> None:
    """Send messages to a room. Sometimes edit or delete one of the user's own messages."""
    kind, numbers = FAULT_TEST_TALKER, count(1)

    def new_text() -> str:
        return f"**{user.account.username}** says {next(numbers)}: {sentence(user.random)}"

    client = next(tab for tab in user.tabs if room in tab.wanted).client
    tab = TabActivities(client, kind, new_text, user.random)
    while await pause(simulation, user, pause_seconds):
        activity = kind.next_activity(user.random) if tab.own_messages[room] else Activity.SEND
        simulation.activity_counts[activity.value] += 1
        await tab.perform(activity, room)


async def behave(simulation: Simulation, user: SimulatedUser) -> None:
    """Repeat the activity that belongs to the user's behaviour, with pauses."""
    while await pause(simulation, user, simulation.rates.between[user.behaviour]):
        if user.signed_out:
            return
        simulation.activity_counts[user.behaviour.value] += 1
        await BEHAVIOURS[user.behaviour](simulation, user)


async def visit(simulation: Simulation, user: SimulatedUser) -> None:
    """Open one of the user's rooms for a while."""
    tab, room = user.random.choice(user.tabs), user.random.choice(user.rooms)
    from_beginning = user.random.random() < FROM_THE_BEGINNING_CHANCE
    await _show(tab, room, Start.BEGINNING if from_beginning else Start.NOW)
    await pause(simulation, user, simulation.rates.visit_seconds)
    await _hide(tab, room)


async def explore(simulation: Simulation, user: SimulatedUser) -> None:
    """Join a public room, look around, and leave the room."""
    tab, room = user.random.choice(user.tabs), user.random.choice(simulation.public_rooms)
    await simulation.rest.call(user.account, "POST", f"/rooms/{room}/join")
    await _show(tab, room, Start.NOW)
    await pause(simulation, user, simulation.rates.visit_seconds)
    tab.wanted.discard(room)
    with _revoking(simulation, user, room):
        await simulation.rest.call(user.account, "POST", f"/rooms/{room}/leave")


async def be_removed(simulation: Simulation, user: SimulatedUser) -> None:
    """Be removed from a room by its creator, and be added again a little later."""
    room = user.random.choice(user.rooms)
    creator = simulation.creator_of(room).account
    user.removed_from.add(room)
    with _revoking(simulation, user, room):
        path = f"/rooms/{room}/members/{user.account.id}"
        await simulation.rest.call(creator, "DELETE", path, done={NOT_A_MEMBER})
    await pause(simulation, user, simulation.rates.away_seconds)
    await simulation.rest.call(creator, "POST", f"/rooms/{room}/members", user=user.account.id)
    user.removed_from.discard(room)


async def be_banned(simulation: Simulation, user: SimulatedUser) -> None:
    """Be banned by the workspace's owner. Later be unbanned, and open new tabs."""
    user.signed_out = True
    with _revoking(simulation, user, None):
        await _admin_action(simulation, user, "ban")
    await pause(simulation, user, simulation.rates.away_seconds)
    await _wait_until_signed_out(user)
    await _admin_action(simulation, user, "lift_ban")
    await _reopen_tabs(simulation, user)
    user.signed_out = False


async def sign_out(simulation: Simulation, user: SimulatedUser) -> None:
    """Sign out for good: the session ends in all tabs."""
    user.signed_out = True
    with _revoking(simulation, user, None):
        await simulation.rest.form(user.account, "/accounts/logout/")


async def pause(simulation: Simulation, user: SimulatedUser, mean_seconds: float) -> bool:
    """Wait for about the mean time. Return False as soon as the simulation is stopping."""
    with suppress(TimeoutError):
        async with asyncio.timeout(user.random.uniform(0.5, 1.5) * mean_seconds):
            await simulation.stopping.wait()
    return not simulation.stopping.is_set()


async def restore_rooms(simulation: Simulation) -> None:
    """Whenever a tab has lost a room that its user may still see, subscribe the tab again."""
    while True:
        for tab in simulation.tabs:
            for room in tab.missing:
                await tab.client.subscribe(room)
        await asyncio.sleep(RESTORE_SECONDS)


async def _admin_action(simulation: Simulation, user: SimulatedUser, action: str) -> None:
    assert simulation.owner is not None, "only the workspace's owner can ban"
    chosen = {"action": action, "_selected_action": str(user.account.id)}
    await simulation.rest.form(simulation.owner, "/admin/accounts/user/", **chosen)


async def _show(tab: SimulatedTab, room: int, start: Start) -> None:
    """Open a room in a tab. If that is not possible yet, `restore_rooms` does it later.

    If the user has just left the room, it is possible that the tab has not noticed and is still
    subscribed. So the tab unsubscribes first.
    """
    if room not in tab.wanted:
        await _hide(tab, room)
        await tab.client.subscribe(room, start)
        tab.wanted.add(room)


async def _hide(tab: SimulatedTab, room: int) -> None:
    tab.wanted.discard(room)
    if room in tab.client.protocol.subscriptions:
        await tab.client.unsubscribe(room)


@contextmanager
def _revoking(simulation: Simulation, user: SimulatedUser, room: int | None) -> Iterator[None]:
    """Record that the `with` block revokes a user's access to a room (None means all rooms)."""
    requested_at = time.monotonic()
    names = tuple(tab.name for tab in user.tabs)
    yield
    simulation.revocations.add(AccessRevoked, requested_at, names, room)


async def _wait_until_signed_out(user: SimulatedUser) -> None:
    """Wait for the server to close all tabs for good.

    Give up after a while: the checker reports tabs that stay open.
    """
    deadline = time.monotonic() + SIGNED_OUT_SECONDS
    for tab in user.tabs:
        with suppress(TimeoutError):
            await tab.wait_until(
                lambda tab: tab.client.stop_code is not None, "is signed in", deadline
            )


async def _reopen_tabs(simulation: Simulation, user: SimulatedUser) -> None:
    """Open new tabs in place of the closed ones."""
    former, user.tabs = user.tabs, []
    for tab in former:
        await tab.client.close()
        await simulation.open_tab(user, tab.wanted)


BEHAVIOURS: dict[Behaviour, PerformBehaviour] = {
    Behaviour.VISIT: visit,
    Behaviour.EXPLORE: explore,
    Behaviour.BE_REMOVED: be_removed,
    Behaviour.BE_BANNED: be_banned,
    Behaviour.SIGN_OUT: sign_out,
}

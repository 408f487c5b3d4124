"""Starts a simulation: creates the rooms, opens all tabs and starts the activities.

    async with simulate(addresses, identities, seed=7, owner=alices_identity) as simulation:
        ...  # inject faults
        await simulation.wait_until_recovered(within=30)
        await simulation.settle(within=30)
        histories = await simulation.histories()

`addresses` are the address of nginx or those of the replicas; `identities` are lines of `seed
--users N --sessions FILE`. Errors of the simulation itself are raised at the end of the block,
except those that `pop_errors` returned: a test that judges the run in spite of errors gets them
from `pop_errors`.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from random import Random

from loadtests.lib.simulation import activities
from loadtests.lib.simulation.account import fetch_account
from loadtests.lib.simulation.activity_rates import ActivityRates
from loadtests.lib.simulation.plan import Behaviour, Plan, RoomPlan
from loadtests.lib.simulation.simulated_user import SimulatedUser
from loadtests.lib.simulation.simulation import Simulation

START_SECONDS = 60.0
TABS_PER_USER = 2


@asynccontextmanager
async def simulate(
    addresses: Sequence[str],
    identities: Sequence[str],
    *,
    seed: int,
    owner: str | None = None,
    tabs: int | None = None,
    rates: ActivityRates | None = None,
) -> AsyncIterator[Simulation]:
    """Run simulated users. The `with` block starts once all tabs show their rooms.

    `owner` is the identity of the workspace's owner; without it, no user is banned. `tabs` is the
    number of all tabs together; the default is two per user.
    """
    plan = Plan.draw(seed, len(identities), tabs or TABS_PER_USER * len(identities))
    admin = await asyncio.to_thread(fetch_account, addresses[0], owner) if owner else None
    simulation = Simulation(addresses, plan, rates or ActivityRates(), admin)
    try:
        await _set_up(simulation, identities, seed)
        _start_activities(simulation)
        await simulation.wait_until_recovered(START_SECONDS)
        yield simulation
        simulation.raise_errors()
    finally:
        await simulation.close()


async def _set_up(simulation: Simulation, identities: Sequence[str], seed: int) -> None:
    """Fetch the accounts, create the rooms and open all tabs."""
    fetch = partial(fetch_account, simulation.addresses[0])
    accounts = await asyncio.gather(
        *(simulation.rest.in_thread(partial(fetch, identity)) for identity in identities)
    )
    for account, behaviour in zip(accounts, simulation.plan.behaviours, strict=True):
        random = Random(f"{seed} {account.username}")
        simulation.users.append(SimulatedUser(account, behaviour, random))
    simulation.rooms = await _create_rooms(simulation)
    for number, user in enumerate(simulation.users):
        planned = zip(simulation.rooms, simulation.plan.rooms, strict=True)
        user.rooms = [room for room, plan in planned if number in plan.members]
    for tab in simulation.plan.tabs:
        wanted = {simulation.rooms[room] for room in tab.rooms}
        await simulation.open_tab(simulation.users[tab.user], wanted)


async def _create_rooms(simulation: Simulation) -> list[int]:
    suffix = secrets.token_hex(3)
    plans = simulation.plan.rooms
    names = [f"room {number} of {suffix}" for number in range(len(plans))]
    created = (_create_room(simulation, *one) for one in zip(names, plans, strict=True))
    return await asyncio.gather(*created)


async def _create_room(simulation: Simulation, name: str, plan: RoomPlan) -> int:
    creator, *others = (simulation.users[number].account for number in plan.members)
    kind = "public" if plan.public else "private"
    call = simulation.rest.call
    room: int = (await call(creator, "POST", "/rooms", name=name, kind=kind))["id"]
    for other in others:
        await call(creator, "POST", f"/rooms/{room}/members", user=other.id)
    return room


def _start_activities(simulation: Simulation) -> None:
    """Start a task for each behaviour, and for each talker of each room."""
    simulation.start(activities.restore_rooms(simulation), "restore rooms", is_activity=False)
    talkers = [
        (simulation.users[number], room)
        for room, plan in zip(simulation.rooms, simulation.plan.rooms, strict=True)
        for number in plan.talkers
    ]
    mean_seconds = len(talkers) / simulation.rates.messages_per_second
    for user, room in talkers:
        name = f"{user.account.username} talks in room {room}"
        simulation.start(activities.talk(simulation, user, room, mean_seconds), name)
    for user in simulation.users:
        cannot_be_banned = user.behaviour is Behaviour.BE_BANNED and simulation.owner is None
        if user.behaviour is not Behaviour.STAY and not cannot_be_banned:
            name = f"{user.account.username}: {user.behaviour.value}"
            simulation.start(activities.behave(simulation, user), name)

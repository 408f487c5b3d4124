"""How a crowd comes together: everybody's tabs connect, rooms are made, people are put into them.

    async with people(addresses, identities, seed=7, owner=alices_identity) as crowd:
        ...  # do things to the place
        await crowd.until_all_are_back(within=30)
        await crowd.settle(within=30)
        histories = await crowd.histories()

`addresses` are nginx's, or the replicas' own; `identities` the lines that `seed --users N
--sessions FILE` wrote. Faults of the crowd itself are raised where the block ends, but for those
that were taken: whoever judges a run all the same takes them.
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
from loadtests.lib.simulation.behaviour import tend
from loadtests.lib.simulation.plan import Behaviour, Plan, RoomPlan
from loadtests.lib.simulation.simulated_user import SimulatedUser
from loadtests.lib.simulation.simulation import Simulation

ARRIVE_SECONDS = 60.0
TABS_EACH = 2


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
    """Have a crowd live in the place meanwhile.

    `owner` is the identity of the place's owner, without which nobody is banned; `tabs` are all
    tabs together (two for each person). Yields once everybody shows their rooms and is talking.
    """
    plan = Plan.draw(seed, len(identities), tabs or TABS_EACH * len(identities))
    known = await asyncio.to_thread(fetch_account, addresses[0], owner) if owner else None
    simulation = Simulation(addresses, plan, rates or ActivityRates(), known)
    try:
        await _arrive(simulation, identities, seed)
        _begin(simulation)
        await simulation.wait_until_recovered(ARRIVE_SECONDS)
        yield simulation
        simulation.raise_errors()
    finally:
        await simulation.close()


async def _arrive(simulation: Simulation, identities: Sequence[str], seed: int) -> None:
    """Find out who everybody is, make the rooms, open everybody's tabs."""
    address = simulation.addresses[0]
    known = await asyncio.gather(
        *(
            simulation.rest.in_thread(partial(fetch_account, address, identity))
            for identity in identities
        )
    )
    for person, habit in zip(known, simulation.plan.behaviours, strict=True):
        dice = Random(f"{seed} {person.username}")
        simulation.users.append(SimulatedUser(person, habit, dice))
    simulation.rooms = await _make_rooms(simulation)
    for number, somebody in enumerate(simulation.users):
        planned = zip(simulation.rooms, simulation.plan.rooms, strict=True)
        somebody.rooms = [room for room, plan in planned if number in plan.members]
    for tab in simulation.plan.tabs:
        wanted = {simulation.rooms[room] for room in tab.rooms}
        await simulation.open_tab(simulation.users[tab.person], wanted)


async def _make_rooms(simulation: Simulation) -> list[int]:
    crowd_name = secrets.token_hex(3)
    names = [f"room {number} of {crowd_name}" for number in range(len(simulation.plan.rooms))]
    made = (_make_room(simulation, *one) for one in zip(names, simulation.plan.rooms, strict=True))
    return await asyncio.gather(*made)


async def _make_room(simulation: Simulation, name: str, plan: RoomPlan) -> int:
    maker, *others = (simulation.users[number].account for number in plan.members)
    kind = "public" if plan.public else "private"
    room: int = (await simulation.rest.call(maker, "POST", "/rooms", name=name, kind=kind))["id"]
    for other in others:
        await simulation.rest.call(maker, "POST", f"/rooms/{room}/members", user=other.id)
    return room


def _begin(simulation: Simulation) -> None:
    """Have everybody begin to live: each habit and each seat of a talker is a task."""
    simulation.start(tend(simulation), "tending", life=False)
    seats = [
        (simulation.users[number], room)
        for room, plan in zip(simulation.rooms, simulation.plan.rooms, strict=True)
        for number in plan.talkers
    ]
    mean_seconds = len(seats) / simulation.rates.messages_per_second
    for me, room in seats:
        name = f"{me.account.username} talks in room {room}"
        simulation.start(activities.talk(simulation, me, room, mean_seconds), name)
    for me in simulation.users:
        alone = me.behaviour is Behaviour.BE_BANNED and simulation.owner is None
        if me.behaviour is not Behaviour.STAY and not alone:
            simulation.start(
                activities.live(simulation, me), f"{me.account.username} would {me.behaviour.value}"
            )

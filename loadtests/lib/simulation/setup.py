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
from loadtests.lib.simulation.account import who
from loadtests.lib.simulation.activity_rates import Paces
from loadtests.lib.simulation.behaviour import tend
from loadtests.lib.simulation.plan import Habit, Plan, RoomPlan
from loadtests.lib.simulation.simulated_user import Somebody
from loadtests.lib.simulation.simulation import Crowd

ARRIVE_SECONDS = 60.0
TABS_EACH = 2


@asynccontextmanager
async def people(
    addresses: Sequence[str],
    identities: Sequence[str],
    *,
    seed: int,
    owner: str | None = None,
    tabs: int | None = None,
    paces: Paces | None = None,
) -> AsyncIterator[Crowd]:
    """Have a crowd live in the place meanwhile.

    `owner` is the identity of the place's owner, without which nobody is banned; `tabs` are all
    tabs together (two for each person). Yields once everybody shows their rooms and is talking.
    """
    plan = Plan.draw(seed, len(identities), tabs or TABS_EACH * len(identities))
    known = await asyncio.to_thread(who, addresses[0], owner) if owner else None
    crowd = Crowd(addresses, plan, paces or Paces(), known)
    try:
        await _arrive(crowd, identities, seed)
        _begin(crowd)
        await crowd.until_all_are_back(ARRIVE_SECONDS)
        yield crowd
        crowd.raise_faults()
    finally:
        await crowd.close()


async def _arrive(crowd: Crowd, identities: Sequence[str], seed: int) -> None:
    """Find out who everybody is, make the rooms, open everybody's tabs."""
    address = crowd.addresses[0]
    known = await asyncio.gather(
        *(crowd.rest.in_thread(partial(who, address, identity)) for identity in identities)
    )
    for person, habit in zip(known, crowd.plan.habits, strict=True):
        dice = Random(f"{seed} {person.username}")
        crowd.everybody.append(Somebody(person, habit, dice))
    crowd.rooms = await _make_rooms(crowd)
    for number, somebody in enumerate(crowd.everybody):
        planned = zip(crowd.rooms, crowd.plan.rooms, strict=True)
        somebody.rooms = [room for room, plan in planned if number in plan.members]
    for tab in crowd.plan.tabs:
        wanted = {crowd.rooms[room] for room in tab.rooms}
        await crowd.open_tab(crowd.everybody[tab.person], wanted)


async def _make_rooms(crowd: Crowd) -> list[int]:
    crowd_name = secrets.token_hex(3)
    names = [f"room {number} of {crowd_name}" for number in range(len(crowd.plan.rooms))]
    made = (_make_room(crowd, *one) for one in zip(names, crowd.plan.rooms, strict=True))
    return await asyncio.gather(*made)


async def _make_room(crowd: Crowd, name: str, plan: RoomPlan) -> int:
    maker, *others = (crowd.everybody[number].person for number in plan.members)
    kind = "public" if plan.public else "private"
    room: int = (await crowd.rest.call(maker, "POST", "/rooms", name=name, kind=kind))["id"]
    for other in others:
        await crowd.rest.call(maker, "POST", f"/rooms/{room}/members", user=other.id)
    return room


def _begin(crowd: Crowd) -> None:
    """Have everybody begin to live: each habit and each seat of a talker is a task."""
    crowd.start(tend(crowd), "tending", life=False)
    seats = [
        (crowd.everybody[number], room)
        for room, plan in zip(crowd.rooms, crowd.plan.rooms, strict=True)
        for number in plan.talkers
    ]
    mean_seconds = len(seats) / crowd.paces.messages_per_second
    for me, room in seats:
        name = f"{me.person.username} talks in room {room}"
        crowd.start(activities.talk(crowd, me, room, mean_seconds), name)
    for me in crowd.everybody:
        alone = me.habit is Habit.BE_BANNED and crowd.owner is None
        if me.habit is not Habit.SIT and not alone:
            crowd.start(activities.live(crowd, me), f"{me.person.username} would {me.habit.value}")

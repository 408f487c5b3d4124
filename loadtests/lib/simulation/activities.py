"""What people do, again and again, until the crowd is told to stop.

What exactly and to whom, their dice say. An act that was begun is brought to its end, also while
the place cannot be reached: who was put out is let in again.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.behaviour import (
    come_back,
    hide,
    pause,
    revoking,
    show,
    until_sent_away,
)
from loadtests.lib.simulation.plan import Behaviour
from loadtests.lib.simulation.simulated_user import SimulatedTab, SimulatedUser
from loadtests.lib.simulation.simulation import Simulation

EDIT_CHANCE, DELETE_CHANCE, REPLY_CHANCE = 0.1, 0.05, 0.1
FROM_THE_BEGINNING_CHANCE = 0.2
WORDS = ("yes", "no", "perhaps", "the bus is late", "who has the key?", "lunch at noon", "**now**")
NOT_IN_IT = 404

Act = Callable[[Simulation, SimulatedUser], Awaitable[None]]


async def talk(simulation: Simulation, me: SimulatedUser, room: int, pause_seconds: float) -> None:
    """Send one message after another into a room; now and then edit or delete an own one."""
    tab = next(tab for tab in me.tabs if room in tab.wanted)
    number = 0
    while await pause(simulation, me, pause_seconds):
        number += 1
        said, chance = me.sent.get(room, []), me.dice.random()
        if said and chance < DELETE_CHANCE:
            simulation.activity_counts["delete"] += 1
            await tab.client.command("message.delete", message=said.pop())
        elif said and chance < DELETE_CHANCE + EDIT_CHANCE:
            simulation.activity_counts["edit"] += 1
            edited, body = me.dice.choice(said), _sentence(me, number)
            await tab.client.command("message.edit", message=edited, body=body)
        else:
            await _say(simulation, me, tab, room, _sentence(me, number))


async def _say(
    simulation: Simulation, me: SimulatedUser, tab: SimulatedTab, room: int, body: str
) -> None:
    said = me.sent.get(room, [])
    more: dict[str, Any] = (
        {"reply_to": said[-1]} if said and me.dice.random() < REPLY_CHANCE else {}
    )
    simulation.activity_counts["send"] += 1
    answer = await tab.client.send(room, body, **more)
    if answer["type"] == "ok":
        me.remember(room, answer["message"]["id"])


def _sentence(me: SimulatedUser, number: int) -> str:
    words = " ".join(me.dice.choices(WORDS, k=me.dice.randint(1, 8)))
    return f"{me.account.username} says {number}: {words}"


async def live(simulation: Simulation, me: SimulatedUser) -> None:
    """Do what one's habit is, with pauses."""
    while await pause(simulation, me, simulation.rates.between[me.behaviour]) and not me.signed_out:
        simulation.activity_counts[me.behaviour.value] += 1
        await OF_HABIT[me.behaviour](simulation, me)


async def visit(simulation: Simulation, me: SimulatedUser) -> None:
    """Open one of one's rooms for a while."""
    tab, room = me.dice.choice(me.tabs), me.dice.choice(me.rooms)
    from_beginning = me.dice.random() < FROM_THE_BEGINNING_CHANCE
    await show(tab, room, Start.BEGINNING if from_beginning else Start.NOW)
    await pause(simulation, me, simulation.rates.stay)
    await hide(tab, room)


async def rove(simulation: Simulation, me: SimulatedUser) -> None:
    """Join a public room, have a look, leave it."""
    tab, room = me.dice.choice(me.tabs), me.dice.choice(simulation.public_rooms)
    await simulation.rest.call(me.account, "POST", f"/rooms/{room}/join")
    await show(tab, room, Start.NOW)
    await pause(simulation, me, simulation.rates.stay)
    tab.wanted.discard(room)
    with revoking(simulation, me, room):
        await simulation.rest.call(me.account, "POST", f"/rooms/{room}/leave")


async def be_removed(simulation: Simulation, me: SimulatedUser) -> None:
    """Be put out of a room by who made it, and be put back a little later."""
    room = me.dice.choice(me.rooms)
    maker = simulation.creator_of(room).account
    me.removed_from.add(room)
    with revoking(simulation, me, room):
        path = f"/rooms/{room}/members/{me.account.id}"
        await simulation.rest.call(maker, "DELETE", path, done={NOT_IN_IT})
    await pause(simulation, me, simulation.rates.away)
    await simulation.rest.call(maker, "POST", f"/rooms/{room}/members", user=me.account.id)
    me.removed_from.discard(room)


async def be_banned(simulation: Simulation, me: SimulatedUser) -> None:
    """Be banned by the place's owner; be let in again and come back with new tabs."""
    me.signed_out = True
    with revoking(simulation, me, None):
        await _in_the_admin(simulation, me, "ban")
    await pause(simulation, me, simulation.rates.away)
    await until_sent_away(me)
    await _in_the_admin(simulation, me, "lift_ban")
    await come_back(simulation, me)
    me.signed_out = False


async def sign_out(simulation: Simulation, me: SimulatedUser) -> None:
    """Sign out for good: the session is over in all tabs."""
    me.signed_out = True
    with revoking(simulation, me, None):
        await simulation.rest.form(me.account, "/accounts/logout/")


async def _in_the_admin(simulation: Simulation, whom: SimulatedUser, action: str) -> None:
    assert simulation.owner is not None, "nobody is banned without an owner"
    chosen = {"action": action, "_selected_action": str(whom.account.id)}
    await simulation.rest.form(simulation.owner, "/admin/accounts/user/", **chosen)


OF_HABIT: dict[Behaviour, Act] = {
    Behaviour.VISIT: visit,
    Behaviour.EXPLORE: rove,
    Behaviour.BE_REMOVED: be_removed,
    Behaviour.BE_BANNED: be_banned,
    Behaviour.SIGN_OUT: sign_out,
}

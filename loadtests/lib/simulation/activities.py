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
from loadtests.lib.simulation.plan import Habit
from loadtests.lib.simulation.simulated_user import Somebody, Tab
from loadtests.lib.simulation.simulation import Crowd

EDIT_CHANCE, DELETE_CHANCE, REPLY_CHANCE = 0.1, 0.05, 0.1
FROM_THE_BEGINNING_CHANCE = 0.2
WORDS = ("yes", "no", "perhaps", "the bus is late", "who has the key?", "lunch at noon", "**now**")
NOT_IN_IT = 404

Act = Callable[[Crowd, Somebody], Awaitable[None]]


async def talk(crowd: Crowd, me: Somebody, room: int, pause_seconds: float) -> None:
    """Send one message after another into a room; now and then edit or delete an own one."""
    tab = next(tab for tab in me.tabs if room in tab.wanted)
    number = 0
    while await pause(crowd, me, pause_seconds):
        number += 1
        said, chance = me.said.get(room, []), me.dice.random()
        if said and chance < DELETE_CHANCE:
            crowd.acts["delete"] += 1
            await tab.client.command("message.delete", message=said.pop())
        elif said and chance < DELETE_CHANCE + EDIT_CHANCE:
            crowd.acts["edit"] += 1
            edited, body = me.dice.choice(said), _sentence(me, number)
            await tab.client.command("message.edit", message=edited, body=body)
        else:
            await _say(crowd, me, tab, room, _sentence(me, number))


async def _say(crowd: Crowd, me: Somebody, tab: Tab, room: int, body: str) -> None:
    said = me.said.get(room, [])
    more: dict[str, Any] = (
        {"reply_to": said[-1]} if said and me.dice.random() < REPLY_CHANCE else {}
    )
    crowd.acts["send"] += 1
    answer = await tab.client.send(room, body, **more)
    if answer["type"] == "ok":
        me.remember(room, answer["message"]["id"])


def _sentence(me: Somebody, number: int) -> str:
    words = " ".join(me.dice.choices(WORDS, k=me.dice.randint(1, 8)))
    return f"{me.person.username} says {number}: {words}"


async def live(crowd: Crowd, me: Somebody) -> None:
    """Do what one's habit is, with pauses."""
    while await pause(crowd, me, crowd.paces.between[me.habit]) and not me.gone:
        crowd.acts[me.habit.value] += 1
        await OF_HABIT[me.habit](crowd, me)


async def visit(crowd: Crowd, me: Somebody) -> None:
    """Open one of one's rooms for a while."""
    tab, room = me.dice.choice(me.tabs), me.dice.choice(me.rooms)
    from_beginning = me.dice.random() < FROM_THE_BEGINNING_CHANCE
    await show(tab, room, Start.BEGINNING if from_beginning else Start.NOW)
    await pause(crowd, me, crowd.paces.stay)
    await hide(tab, room)


async def rove(crowd: Crowd, me: Somebody) -> None:
    """Join a public room, have a look, leave it."""
    tab, room = me.dice.choice(me.tabs), me.dice.choice(crowd.public_rooms)
    await crowd.rest.call(me.person, "POST", f"/rooms/{room}/join")
    await show(tab, room, Start.NOW)
    await pause(crowd, me, crowd.paces.stay)
    tab.wanted.discard(room)
    with revoking(crowd, me, room):
        await crowd.rest.call(me.person, "POST", f"/rooms/{room}/leave")


async def be_removed(crowd: Crowd, me: Somebody) -> None:
    """Be put out of a room by who made it, and be put back a little later."""
    room = me.dice.choice(me.rooms)
    maker = crowd.maker_of(room).person
    me.barred.add(room)
    with revoking(crowd, me, room):
        path = f"/rooms/{room}/members/{me.person.id}"
        await crowd.rest.call(maker, "DELETE", path, done={NOT_IN_IT})
    await pause(crowd, me, crowd.paces.away)
    await crowd.rest.call(maker, "POST", f"/rooms/{room}/members", user=me.person.id)
    me.barred.discard(room)


async def be_banned(crowd: Crowd, me: Somebody) -> None:
    """Be banned by the place's owner; be let in again and come back with new tabs."""
    me.gone = True
    with revoking(crowd, me, None):
        await _in_the_admin(crowd, me, "ban")
    await pause(crowd, me, crowd.paces.away)
    await until_sent_away(me)
    await _in_the_admin(crowd, me, "lift_ban")
    await come_back(crowd, me)
    me.gone = False


async def sign_out(crowd: Crowd, me: Somebody) -> None:
    """Sign out for good: the session is over in all tabs."""
    me.gone = True
    with revoking(crowd, me, None):
        await crowd.rest.form(me.person, "/accounts/logout/")


async def _in_the_admin(crowd: Crowd, whom: Somebody, action: str) -> None:
    assert crowd.owner is not None, "nobody is banned without an owner"
    chosen = {"action": action, "_selected_action": str(whom.person.id)}
    await crowd.rest.form(crowd.owner, "/admin/accounts/user/", **chosen)


OF_HABIT: dict[Habit, Act] = {
    Habit.VISIT: visit,
    Habit.ROVE: rove,
    Habit.BE_REMOVED: be_removed,
    Habit.BE_BANNED: be_banned,
    Habit.SIGN_OUT: sign_out,
}

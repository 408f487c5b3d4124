"""Draws from a seed who is in which room and who does what. Pure.

The same seed and the same number of users give the same plan. When things happen still depends on
the machine. Users and rooms are numbers here, from 0.
"""

from dataclasses import dataclass, replace
from enum import Enum
from random import Random

MIN_USERS = 8
TALKERS_PER_ROOM = 2
LARGE_ROOMS = (2, 4, 8, 8)  # in each of the large rooms, one user in this many is a member
SMALL_ROOMS = (6, 4, 3, 2)  # the number of members of each small room
USERS_PER_SMALL_ROOM = 15
PUBLIC_EVERY = 3  # one room in this many is public
SECOND_ROOM_CHANCE = 0.3


class Behaviour(Enum):
    """What a user does besides having rooms open."""

    STAY = "stay"  # do nothing else; talk in rooms whose plan says so
    VISIT = "visit"  # open and close rooms
    EXPLORE = "explore"  # join public rooms and leave them
    BE_REMOVED = "be removed"  # be removed from a room, and be added again
    BE_BANNED = "be banned"  # be banned, and be unbanned
    SIGN_OUT = "sign out"


# One user in this many has the behaviour. At least one user has it.
ONE_IN = {
    Behaviour.VISIT: 12,
    Behaviour.EXPLORE: 12,
    Behaviour.BE_REMOVED: 20,
    Behaviour.BE_BANNED: 50,
    Behaviour.SIGN_OUT: 50,
}


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """The members of a room and the talkers among them.

    The first member creates the room and moderates it. Talkers are never removed.
    """

    public: bool
    members: tuple[int, ...]
    talkers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TabPlan:
    user: int
    rooms: tuple[int, ...]  # the rooms that are open from the start


@dataclass(frozen=True, slots=True)
class Plan:
    behaviours: tuple[Behaviour, ...]  # the behaviour of each user
    rooms: tuple[RoomPlan, ...]
    tabs: tuple[TabPlan, ...]

    @classmethod
    def draw(cls, seed: int, users: int, tabs: int) -> "Plan":
        """Draw a plan for `users`, with `tabs` in total and at least one tab per user."""
        if users < MIN_USERS or tabs < users:
            raise ValueError(f"A simulation has at least {MIN_USERS} users, each with a tab.")
        random = Random(f"plan {seed}")
        behaviours = _draw_behaviours(random, users)
        rooms = _draw_rooms(random, behaviours)
        return cls(behaviours, rooms, _draw_tabs(random, behaviours, rooms, tabs))


def _draw_behaviours(random: Random, users: int) -> tuple[Behaviour, ...]:
    active = [one for one, one_in in ONE_IN.items() for _ in range(max(1, users // one_in))]
    behaviours = active + [Behaviour.STAY] * (users - len(active))
    random.shuffle(behaviours)
    return tuple(behaviours)


def _draw_rooms(random: Random, behaviours: tuple[Behaviour, ...]) -> tuple[RoomPlan, ...]:
    """Draw the rooms. Everyone except the explorers is in some room.

    The first room is private. All users who do more than stay are in it.
    """
    idle = (Behaviour.STAY, Behaviour.EXPLORE)
    staying = [user for user, one in enumerate(behaviours) if one is Behaviour.STAY]
    active = [user for user, one in enumerate(behaviours) if one not in idle]
    sizes = [len(behaviours) // share for share in LARGE_ROOMS]
    small = len(behaviours) // USERS_PER_SMALL_ROOM
    sizes += [SMALL_ROOMS[number % len(SMALL_ROOMS)] for number in range(small)]
    rooms = []
    for number, size in enumerate(sizes):
        talkers = random.sample(staying, min(TALKERS_PER_ROOM, len(staying)))
        others = [user for user in (*staying, *active) if user not in talkers]
        members = [*talkers, *random.sample(others, min(max(0, size - len(talkers)), len(others)))]
        if number == 0:
            members += [user for user in active if user not in members]
        rooms.append(RoomPlan(number % PUBLIC_EVERY == 1, tuple(members), tuple(talkers)))
    _add_to_a_room(random, rooms, staying)
    return tuple(rooms)


def _add_to_a_room(random: Random, rooms: list[RoomPlan], users: list[int]) -> None:
    """Add each user who is not in any room yet to a random room."""
    members = {user for room in rooms for user in room.members}
    for user in users:
        if user not in members:
            chosen = random.randrange(len(rooms))
            rooms[chosen] = replace(rooms[chosen], members=(*rooms[chosen].members, user))


def _draw_tabs(
    random: Random, behaviours: tuple[Behaviour, ...], rooms: tuple[RoomPlan, ...], count: int
) -> tuple[TabPlan, ...]:
    """Draw one tab for each user, then more. Talkers have the rooms open in which they talk."""
    own = [
        [number for number, room in enumerate(rooms) if user in room.members]
        for user in range(len(behaviours))
    ]
    tabs = []
    for number in range(count):
        user = number % len(behaviours)
        wanted = {room for room in own[user] if user in rooms[room].talkers}
        if number >= len(behaviours) or not wanted:
            rooms_wanted = 2 if random.random() < SECOND_ROOM_CHANCE else 1
            wanted = set(random.sample(own[user], min(rooms_wanted, len(own[user]))))
        if behaviours[user] in (Behaviour.VISIT, Behaviour.EXPLORE):
            wanted = set()
        elif behaviours[user] is not Behaviour.STAY:
            wanted.add(0)
        tabs.append(TabPlan(user, tuple(sorted(wanted))))
    return tuple(tabs)

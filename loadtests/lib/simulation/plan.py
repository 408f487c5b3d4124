"""Who will be in which room and do what, drawn from a seed. Pure.

The crowd carries it out. The same seed and the same number of people give the same plan; when
each thing happens is up to the machine. People and rooms are numbers here, from 0.
"""

from dataclasses import dataclass, replace
from enum import Enum
from random import Random

MIN_PEOPLE = 8
TALKERS_EACH = 2  # in each room
LARGE_ROOMS = (2, 4, 8, 8)  # every so-manieth person is in it
SMALL_ROOMS = (6, 4, 3, 2)  # people
SMALL_ROOM_FOR_EVERY = 15  # people
PUBLIC_EVERY = 3  # rooms
SECOND_ROOM_CHANCE = 0.3


class Behaviour(Enum):
    """What somebody does besides having their rooms open."""

    STAY = "sit"  # and talk, where the room's plan says so
    VISIT = "visit"  # open and close rooms
    EXPLORE = "rove"  # join public rooms and leave them
    BE_REMOVED = "be removed"  # from a room, and put back
    BE_BANNED = "be banned"  # and let in again
    SIGN_OUT = "sign out"


# Of every so many people one has the habit; of each at least one.
ONE_IN = {
    Behaviour.VISIT: 12,
    Behaviour.EXPLORE: 12,
    Behaviour.BE_REMOVED: 20,
    Behaviour.BE_BANNED: 50,
    Behaviour.SIGN_OUT: 50,
}


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """The first member makes the room and moderates it. Who talks is never put out."""

    public: bool
    members: tuple[int, ...]
    talkers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TabPlan:
    person: int
    rooms: tuple[int, ...]  # open from the start


@dataclass(frozen=True, slots=True)
class Plan:
    behaviours: tuple[Behaviour, ...]  # of each person
    rooms: tuple[RoomPlan, ...]
    tabs: tuple[TabPlan, ...]

    @classmethod
    def draw(cls, seed: int, people: int, tabs: int) -> "Plan":
        """Draw a plan for so many people with so many tabs in all, at least one each."""
        if people < MIN_PEOPLE or tabs < people:
            raise ValueError(f"A crowd is at least {MIN_PEOPLE} people, each with a tab.")
        dice = Random(f"plan {seed}")
        habits = _habits(dice, people)
        rooms = _rooms(dice, habits)
        return cls(habits, rooms, _tabs(dice, habits, rooms, tabs))


def _habits(dice: Random, people: int) -> tuple[Behaviour, ...]:
    wanted = [habit for habit, one_in in ONE_IN.items() for _ in range(max(1, people // one_in))]
    habits = wanted + [Behaviour.STAY] * (people - len(wanted))
    dice.shuffle(habits)
    return tuple(habits)


def _rooms(dice: Random, habits: tuple[Behaviour, ...]) -> tuple[RoomPlan, ...]:
    """Draw the rooms. Everybody but the rovers is in some; the first, a private one, has all who
    are not mere sitters."""
    sitters = [person for person, habit in enumerate(habits) if habit is Behaviour.STAY]
    doers = [
        person
        for person, habit in enumerate(habits)
        if habit not in (Behaviour.STAY, Behaviour.EXPLORE)
    ]
    sizes = [len(habits) // share for share in LARGE_ROOMS]
    small = len(habits) // SMALL_ROOM_FOR_EVERY
    sizes += [SMALL_ROOMS[number % len(SMALL_ROOMS)] for number in range(small)]
    rooms = []
    for number, size in enumerate(sizes):
        talkers = dice.sample(sitters, min(TALKERS_EACH, len(sitters)))
        others = [one for one in (*sitters, *doers) if one not in talkers]
        members = [*talkers, *dice.sample(others, min(max(0, size - len(talkers)), len(others)))]
        if number == 0:
            members += [person for person in doers if person not in members]
        rooms.append(RoomPlan(number % PUBLIC_EVERY == 1, tuple(members), tuple(talkers)))
    _seat_all(dice, rooms, sitters)
    return tuple(rooms)


def _seat_all(dice: Random, rooms: list[RoomPlan], sitters: list[int]) -> None:
    """Put those who are in no room yet into any."""
    seated = {person for room in rooms for person in room.members}
    for person in sitters:
        if person not in seated:
            chosen = dice.randrange(len(rooms))
            members = (*rooms[chosen].members, person)
            rooms[chosen] = replace(rooms[chosen], members=members)


def _tabs(
    dice: Random, habits: tuple[Behaviour, ...], rooms: tuple[RoomPlan, ...], count: int
) -> tuple[TabPlan, ...]:
    """Draw the tabs: one for each person, then more; talkers have the rooms open they talk in."""
    own = [
        [number for number, room in enumerate(rooms) if person in room.members]
        for person in range(len(habits))
    ]
    tabs = []
    for number in range(count):
        person = number % len(habits)
        wanted = {room for room in own[person] if person in rooms[room].talkers}
        if number >= len(habits) or not wanted:
            many = 2 if dice.random() < SECOND_ROOM_CHANCE else 1
            wanted = set(dice.sample(own[person], min(many, len(own[person]))))
        if habits[person] in (Behaviour.VISIT, Behaviour.EXPLORE):
            wanted = set()
        elif habits[person] is not Behaviour.STAY:
            wanted.add(0)
        tabs.append(TabPlan(person, tuple(sorted(wanted))))
    return tuple(tabs)

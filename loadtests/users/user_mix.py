"""How many there are of each kind of people, how much each says, and how long they pause. Pure.

In a chat most people read, few write most of what is written, and machines post. The rate of a run
is what all of them say together; each says their part of it, whenever they are there.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LONGEST_PAUSE = 5.0  # times the mean: nobody is forgotten for good


@dataclass(frozen=True, slots=True)
class Habit:
    """`weight` is how many of a hundred; `talk` what one of them says, as parts of the rate."""

    weight: int
    talk: float


READER = Habit(60, 0.4)  # somebody who has it open, and now and then says "thanks"
TALKER = Habit(15, 10)
WANDERER = Habit(10, 2)
LURKER = Habit(10, 0)
BOT = Habit(5, 4)
HABITS = (READER, TALKER, WANDERER, LURKER, BOT)


def sends_per_second(habit: Habit, rate: float, users: int) -> float:
    """Return what one person says, so that the whole crowd says `rate`."""
    parts = sum(one.weight * one.talk for one in HABITS) / sum(one.weight for one in HABITS)
    return rate * habit.talk / (parts * users)


def pause(mean_seconds: float) -> Callable[[Any], float]:
    """Return a `wait_time`: people do things independently of each other, so exponential."""

    def wait(_: Any) -> float:
        return min(random.expovariate(1 / mean_seconds), LONGEST_PAUSE * mean_seconds)

    return wait

"""When which fault is done to whom, drawn from a seed. Pure: the same seed, the same schedule.

The rule of overlaps: one fault at a time for each part of the place, and one that is an outage has
the whole place for itself; so what people notice always has a cause, or two that both have their
promise. A round has every kind once: stretches, in which parts have their faults side by side, and
between these the outages. Long schedules are several rounds. With `alone` no two overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from loadtests.chaos.fault_catalogue import KIND_BY_NAME, KINDS
from loadtests.chaos.fault_kind import CALM_SECONDS, Kind

TRIES = 100
MOST_STRETCHES = 3
VICTIMS = 3  # replicas, and homes


class DoesNotFit(Exception):
    """There is no time for so many faults, or none that could be done; the text says which."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is in seconds from the beginning; `victim` one of so many, where there are several."""

    at: float
    kind: Kind
    victim: int

    @property
    def ends(self) -> float:
        return self.at + self.kind.seconds

    @property
    def settled(self) -> float:
        return self.at + self.kind.whole_seconds

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.kind.name} for {self.kind.seconds:g} s"


def draw(
    seed: int, seconds: float, kinds: Sequence[Kind] = KINDS, *, alone: bool = False
) -> list[Entry]:
    """Return a schedule with each of the kinds at least once, in order of time.

    Raises DoesNotFit when that takes longer than `seconds`, and without any kinds.
    """
    if not kinds:
        raise DoesNotFit("none of these faults can be done here in that time: name others, or more")
    dice = Random(f"schedule {seed}")
    entries = _round(dice, CALM_SECONDS, seconds, kinds, alone)
    while more := _again(dice, _free_from(entries, alone), seconds, kinds, alone):
        entries += more
    return sorted(entries, key=lambda entry: (entry.at, entry.kind.name))


def choose(
    seed: int, seconds: float, kinds: Sequence[Kind] = KINDS, *, alone: bool = False
) -> list[Kind]:
    """Return as many of the kinds as fit, every mechanism first: all of them in a long run."""
    dice = Random(f"choice {seed}")
    chosen: list[Kind] = []
    for kind in _by_mechanism(dice, kinds):
        if least_seconds([*chosen, kind], alone=alone) <= seconds:
            chosen.append(kind)
    return [kind for kind in kinds if kind in chosen]


def least_seconds(kinds: Sequence[Kind], *, alone: bool = False) -> float:
    """Return how long a schedule with each of the kinds is at least."""
    return CALM_SECONDS + _least(kinds, alone)


def named(names: str) -> list[Kind]:
    """Return the kinds of a list with commas. Raises KeyError with a name that none has."""
    return [KIND_BY_NAME[name.strip()] for name in names.split(",") if name.strip()]


def _round(
    dice: Random, begins: float, ends: float, kinds: Sequence[Kind], alone: bool
) -> list[Entry]:
    for attempt in range(TRIES):
        if alone:
            entries = _one_by_one(dice, begins, kinds)
        else:
            stretches = dice.randint(1, MOST_STRETCHES) if attempt < TRIES - 1 else 1
            entries = _arrange(dice, begins, kinds, stretches)
        if _end(entries) <= ends:
            return entries
    least = least_seconds(kinds, alone=alone)
    raise DoesNotFit(f"these faults take {least:.0f} s: give more time, or fewer of them")


def _again(
    dice: Random, begins: float, ends: float, kinds: Sequence[Kind], alone: bool
) -> list[Entry]:
    """Fill what is left with a further round, or with a part of one."""
    left: list[Kind] = []
    for kind in dice.sample(kinds, len(kinds)):
        if begins + _least([*left, kind], alone) <= ends:
            left.append(kind)
    return _round(dice, begins, ends, left, alone) if left else []


def _arrange(dice: Random, begins: float, kinds: Sequence[Kind], stretches: int) -> list[Entry]:
    """Lay outages and stretches one after the other, in any order."""
    blocks: list[list[Kind]] = [[kind] for kind in kinds if kind.outage]
    shared: list[list[Kind]] = [[] for _ in range(stretches)]
    for kind in kinds:
        if not kind.outage:
            dice.choice(shared).append(kind)
    blocks += [stretch for stretch in shared if stretch]
    dice.shuffle(blocks)
    entries: list[Entry] = []
    for block in blocks:
        laid = _side_by_side(dice, begins, block)
        begins = _end(laid)
        entries += laid
    return entries


def _one_by_one(dice: Random, begins: float, kinds: Sequence[Kind]) -> list[Entry]:
    entries = []
    for kind in dice.sample(kinds, len(kinds)):
        entries.append(Entry(begins, kind, dice.randrange(VICTIMS)))
        begins += kind.alone_seconds
    return entries


def _side_by_side(dice: Random, begins: float, kinds: Sequence[Kind]) -> list[Entry]:
    """Lay each part's faults one after the other; a part with time to spare begins later."""
    lanes = _lanes(kinds)
    longest = max(_length(lane) for lane in lanes)
    entries = []
    for lane in lanes:
        at = begins + dice.randint(0, int(longest - _length(lane)))
        for kind in dice.sample(lane, len(lane)):
            entries.append(Entry(at, kind, dice.randrange(VICTIMS)))
            at += kind.whole_seconds
    return entries


def _least(kinds: Sequence[Kind], alone: bool) -> float:
    """Return the seconds that the kinds take at least: with one stretch, if any."""
    if alone:
        return sum(kind.alone_seconds for kind in kinds)
    outages = _length([kind for kind in kinds if kind.outage])
    lanes = _lanes([kind for kind in kinds if not kind.outage])
    return outages + max((_length(lane) for lane in lanes), default=0.0)


def _lanes(kinds: Sequence[Kind]) -> list[list[Kind]]:
    def part(kind: Kind) -> str:
        return kind.part.value

    return [list(lane) for _, lane in groupby(sorted(kinds, key=part), part)]


def _length(kinds: Sequence[Kind]) -> float:
    return sum(kind.whole_seconds for kind in kinds)


def _free_from(entries: Sequence[Entry], alone: bool) -> float:
    if alone:
        return max(entry.at + entry.kind.alone_seconds for entry in entries)
    return _end(entries)


def _end(entries: Sequence[Entry]) -> float:
    return max(entry.settled for entry in entries)


def _by_mechanism(dice: Random, kinds: Sequence[Kind]) -> list[Kind]:
    """Return the kinds in any order, but first one of each mechanism, the quickest."""
    shuffled = dice.sample(kinds, len(kinds))
    first = {kind.mechanism: kind for kind in sorted(shuffled, key=lambda one: -one.whole_seconds)}
    return [*first.values(), *(kind for kind in shuffled if kind not in first.values())]

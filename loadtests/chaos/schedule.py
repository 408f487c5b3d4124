"""Draws from a seed which fault happens when. Pure: the same seed gives the same schedule.

Faults may overlap if they have different targets; an outage overlaps with nothing. So what users
notice has one cause, or several with a limit each. A round contains every kind of fault once.
Outages divide it into stretches; within a stretch, faults of different targets run side by side.
Long schedules have several rounds. With `alone` no two faults overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from loadtests.chaos.fault_catalogue import FAULT_KINDS, KIND_BY_NAME
from loadtests.chaos.fault_kind import CALM_SECONDS, FaultKind

TRIES = 100
MAX_STRETCHES = 3
VICTIMS = 3  # the number of replicas, and of client networks


class DoesNotFit(Exception):
    """There is no fault to inject, or too little time for these faults. The text says which."""


@dataclass(frozen=True, slots=True)
class ScheduledFault:
    """A fault and its start `at`, in seconds from the start of the run.

    `victim` selects one of several replicas or client networks.
    """

    at: float
    kind: FaultKind
    victim: int

    @property
    def ends(self) -> float:
        return self.at + self.kind.seconds

    @property
    def settled(self) -> float:
        return self.at + self.kind.total_seconds

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.kind.name} for {self.kind.seconds:g} s"


Schedule = Sequence[ScheduledFault]
Kinds = Sequence[FaultKind]


def draw(
    seed: int, seconds: float, kinds: Kinds = FAULT_KINDS, *, alone: bool = False
) -> list[ScheduledFault]:
    """Return a schedule, ordered by time, that has each of the kinds at least once.

    Raises DoesNotFit if the schedule would take longer than `seconds`, or if there are no kinds.
    """
    if not kinds:
        raise DoesNotFit("none of these faults can be injected here in that time: allow others")
    rng = Random(f"schedule {seed}")
    faults = _round(rng, CALM_SECONDS, seconds, kinds, alone)
    while more := _further_round(rng, _free_from(faults, alone), seconds, kinds, alone):
        faults += more
    return sorted(faults, key=lambda fault: (fault.at, fault.kind.name))


def choose(
    seed: int, seconds: float, kinds: Kinds = FAULT_KINDS, *, alone: bool = False
) -> list[FaultKind]:
    """Return as many kinds as fit into the time. One kind of every mechanism is chosen first.

    A long run has time for all kinds.
    """
    rng = Random(f"choice {seed}")
    chosen: list[FaultKind] = []
    for kind in _by_mechanism(rng, kinds):
        if least_seconds([*chosen, kind], alone=alone) <= seconds:
            chosen.append(kind)
    return [kind for kind in kinds if kind in chosen]


def least_seconds(kinds: Kinds, *, alone: bool = False) -> float:
    """Return the shortest time that a schedule with each of these kinds can take."""
    return CALM_SECONDS + _least(kinds, alone)


def named(names: str) -> list[FaultKind]:
    """Return the kinds named in a comma-separated list. Raises KeyError for an unknown name."""
    return [KIND_BY_NAME[name.strip()] for name in names.split(",") if name.strip()]


def _round(
    rng: Random, start: float, end: float, kinds: Kinds, alone: bool
) -> list[ScheduledFault]:
    for attempt in range(TRIES):
        if alone:
            faults = _one_by_one(rng, start, kinds)
        else:
            stretches = rng.randint(1, MAX_STRETCHES) if attempt < TRIES - 1 else 1
            faults = _arrange(rng, start, kinds, stretches)
        if _end(faults) <= end:
            return faults
    least = least_seconds(kinds, alone=alone)
    raise DoesNotFit(f"these faults take {least:.0f} s: give more time, or fewer of them")


def _further_round(
    rng: Random, start: float, end: float, kinds: Kinds, alone: bool
) -> list[ScheduledFault]:
    """Fill the remaining time with another round, or part of one."""
    fitting: list[FaultKind] = []
    for kind in rng.sample(kinds, len(kinds)):
        if start + _least([*fitting, kind], alone) <= end:
            fitting.append(kind)
    return _round(rng, start, end, fitting, alone) if fitting else []


def _arrange(rng: Random, start: float, kinds: Kinds, stretches: int) -> list[ScheduledFault]:
    """Schedule outages and stretches one after the other, in random order."""
    blocks: list[list[FaultKind]] = [[kind] for kind in kinds if kind.outage]
    shared: list[list[FaultKind]] = [[] for _ in range(stretches)]
    for kind in kinds:
        if not kind.outage:
            rng.choice(shared).append(kind)
    blocks += [stretch for stretch in shared if stretch]
    rng.shuffle(blocks)
    faults: list[ScheduledFault] = []
    for block in blocks:
        scheduled = _side_by_side(rng, start, block)
        start = _end(scheduled)
        faults += scheduled
    return faults


def _one_by_one(rng: Random, start: float, kinds: Kinds) -> list[ScheduledFault]:
    faults = []
    for kind in rng.sample(kinds, len(kinds)):
        faults.append(ScheduledFault(start, kind, rng.randrange(VICTIMS)))
        start += kind.alone_seconds
    return faults


def _side_by_side(rng: Random, start: float, kinds: Kinds) -> list[ScheduledFault]:
    """Schedule the faults of each target one after the other.

    The faults of a target that needs less time than others start later.
    """
    lanes = _lanes(kinds)
    longest = max(_length(lane) for lane in lanes)
    faults = []
    for lane in lanes:
        at = start + rng.randint(0, int(longest - _length(lane)))
        for kind in rng.sample(lane, len(lane)):
            faults.append(ScheduledFault(at, kind, rng.randrange(VICTIMS)))
            at += kind.total_seconds
    return faults


def _least(kinds: Kinds, alone: bool) -> float:
    """Return the fewest seconds that the kinds can take.

    That is the time of a schedule with at most one stretch.
    """
    if alone:
        return sum(kind.alone_seconds for kind in kinds)
    outages = _length([kind for kind in kinds if kind.outage])
    lanes = _lanes([kind for kind in kinds if not kind.outage])
    return outages + max((_length(lane) for lane in lanes), default=0.0)


def _lanes(kinds: Kinds) -> list[list[FaultKind]]:
    def target(kind: FaultKind) -> str:
        return kind.target.value

    return [list(lane) for _, lane in groupby(sorted(kinds, key=target), target)]


def _length(kinds: Kinds) -> float:
    return sum(kind.total_seconds for kind in kinds)


def _free_from(faults: Schedule, alone: bool) -> float:
    if alone:
        return max(fault.at + fault.kind.alone_seconds for fault in faults)
    return _end(faults)


def _end(faults: Schedule) -> float:
    return max(fault.settled for fault in faults)


def _by_mechanism(rng: Random, kinds: Kinds) -> list[FaultKind]:
    """Return the kinds in random order, after the quickest kind of each mechanism."""
    shuffled = rng.sample(kinds, len(kinds))
    slowest_first = sorted(shuffled, key=lambda kind: -kind.total_seconds)
    first = {kind.mechanism: kind for kind in slowest_first}
    return [*first.values(), *(kind for kind in shuffled if kind not in first.values())]

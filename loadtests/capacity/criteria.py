"""What a replica has to keep under load, and what broke in one step of it. Pure.

A step can fail without the replica having been the limit: its generator was too slow, or the
machine that everything shares was full. That is told apart here, and nowhere else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

GENERATOR_CPU_PERCENT = 90.0
MACHINE_PERCENT = 97.0
ANSWERED_SHARE = 0.9  # of what was asked for: less is a load that was not carried
CHANCE_DEVIATIONS = 3.0


@dataclass(frozen=True, slots=True)
class Promise:
    deliver_p99_ms: float = 250.0
    cpu_percent: float = 80.0  # of a core, of a replica
    memory_mib: float = 768.0  # of a replica: three quarters of what deploy/k8s allows it


@dataclass(frozen=True, slots=True)
class Step:
    """One load, and what was measured under it; of several replicas the worst."""

    sockets: int
    messages_per_second: float  # that were asked for
    answered_per_second: float
    deliveries_per_second: float
    deliver_p99_ms: float
    cpu_percent: float | None  # None: it cannot be seen from here
    memory_mib: float | None
    wrong: int  # lost, doubled, out of order, refused, cut off
    generator_percent: float  # of a core, of its busiest process
    machine_percent: float | None = None  # of all cores; None where the replicas are elsewhere
    generator_late: str = ""  # why the generator was the bottleneck, where it says so itself
    chance_seconds: float = 0.0  # in which people spoke by chance; 0 where they spoke in turn


@dataclass(frozen=True, slots=True)
class Break:
    """`whose` is "replica", "generator" or "machine": who could not do more."""

    whose: str
    why: str


REPLICA, GENERATOR, MACHINE = "replica", "generator", "machine"


def broken(step: Step, promise: Promise) -> Break | None:
    """Return what broke in a step, or None where all was kept.

    What the replica itself used is its own, whoever else was slow.
    """
    if own := "; ".join(_used(step, promise)):
        return Break(REPLICA, own)
    if not (late := "; ".join(_felt(step, promise))):
        return None
    if step.generator_late or step.generator_percent > GENERATOR_CPU_PERCENT:
        said = step.generator_late or f"it used {step.generator_percent:.0f} % of a core"
        return Break(GENERATOR, f"{late}, and the generator was the bottleneck: {said}")
    if step.machine_percent is not None and step.machine_percent > MACHINE_PERCENT:
        full = f"all cores together were {step.machine_percent:.0f} % busy"
        return Break(MACHINE, f"{late}, and the machine was full: {full}")
    return Break(REPLICA, late)


def _used(step: Step, promise: Promise) -> Iterator[str]:
    if step.cpu_percent is not None and step.cpu_percent > promise.cpu_percent:
        yield f"{step.cpu_percent:.0f} % of a core, more than {promise.cpu_percent:g} %"
    if step.memory_mib is not None and step.memory_mib > promise.memory_mib:
        yield f"{step.memory_mib:.0f} MiB, more than {promise.memory_mib:g} MiB"


def _felt(step: Step, promise: Promise) -> Iterator[str]:
    if step.wrong:
        yield f"{step.wrong:,} lost, doubled, out of order, refused or cut off"
    if step.answered_per_second < least_answered(step):
        yield (
            f"{step.answered_per_second:,.1f} messages answered a second, "
            f"of {step.messages_per_second:,.1f}"
        )
    if step.deliver_p99_ms > promise.deliver_p99_ms:
        yield (
            f"p99 of a delivery {step.deliver_p99_ms:.0f} ms, "
            f"more than {promise.deliver_p99_ms:g} ms"
        )


def least_answered(step: Step) -> float:
    """Return how many a second have to be answered; where people speak by chance, fewer may be."""
    asked = step.messages_per_second
    by_chance = sqrt(asked / step.chance_seconds) if step.chance_seconds else 0.0
    return ANSWERED_SHARE * asked - CHANCE_DEVIATIONS * by_chance

"""The limits of a replica under load, and why a step of the search failed. Pure.

A step can fail although the replica was not the limit: perhaps its generator was too slow, or the
machine that all processes share was full. Only this module makes that distinction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

# Between two messages of a user, in the search for the most connections.
SECONDS_BETWEEN_MESSAGES = 60.0
GENERATOR_CPU_PERCENT = 90.0
MACHINE_PERCENT = 97.0
ACKED_SHARE = 0.9  # the share of the requested messages that must be acknowledged
RANDOM_DEVIATIONS = 3.0


@dataclass(frozen=True, slots=True)
class Criteria:
    delivery_p99_ms: float = 250.0
    cpu_percent: float = 80.0  # how much of a core one replica may use
    # How much one replica may use: three quarters of the memory limit in deploy/k8s.
    memory_mib: float = 768.0


@dataclass(frozen=True, slots=True)
class MeasuredLoad:
    """One load, and what was measured under it.

    With several replicas, the figures are the worst ones.
    """

    connections: int
    messages_per_second: float  # the requested rate, not the measured one
    acked_per_second: float
    deliveries_per_second: float
    delivery_p99_ms: float
    cpu_percent: float | None  # None if it cannot be measured from this machine
    memory_mib: float | None
    errors: int  # messages lost, duplicated, out of order or refused; connections closed
    generator_percent: float  # how much of a core the generator's busiest process used
    # How much of all cores together was used; None if the replicas run elsewhere.
    machine_percent: float | None = None
    generator_late: str = ""  # why the generator was the bottleneck, if it reported that
    random_seconds: float = 0.0  # how long users sent at random moments; 0 if they took turns


@dataclass(frozen=True, slots=True)
class Failure:
    limited_by: str  # `REPLICA`, `GENERATOR` or `MACHINE`
    reason: str


REPLICA, GENERATOR, MACHINE = "replica", "generator", "machine"


def failure(step: MeasuredLoad, criteria: Criteria) -> Failure | None:
    """Return why a step failed, or None if it passed.

    If the replica itself used more than the criteria allow, the replica was the limit, however busy
    the generator and the machine were.
    """
    if used := "; ".join(_resource_failures(step, criteria)):
        return Failure(REPLICA, used)
    if not (late := "; ".join(_service_failures(step, criteria))):
        return None
    if step.generator_late or step.generator_percent > GENERATOR_CPU_PERCENT:
        why = step.generator_late or f"it used {step.generator_percent:.0f} % of a core"
        return Failure(GENERATOR, f"{late}, and the generator was the bottleneck: {why}")
    if step.machine_percent is not None and step.machine_percent > MACHINE_PERCENT:
        why = f"all cores together were {step.machine_percent:.0f} % busy"
        return Failure(MACHINE, f"{late}, and the machine was full: {why}")
    return Failure(REPLICA, late)


def least_acked(step: MeasuredLoad) -> float:
    """Return how many messages a second must be acknowledged.

    If users send at random moments, the number is lower, because the number of sends itself varies.
    """
    asked = step.messages_per_second
    deviation = sqrt(asked / step.random_seconds) if step.random_seconds else 0.0
    return ACKED_SHARE * asked - RANDOM_DEVIATIONS * deviation


def _resource_failures(step: MeasuredLoad, criteria: Criteria) -> Iterator[str]:
    if step.cpu_percent is not None and step.cpu_percent > criteria.cpu_percent:
        yield f"{step.cpu_percent:.0f} % of a core, more than {criteria.cpu_percent:g} %"
    if step.memory_mib is not None and step.memory_mib > criteria.memory_mib:
        yield f"{step.memory_mib:.0f} MiB, more than {criteria.memory_mib:g} MiB"


def _service_failures(step: MeasuredLoad, criteria: Criteria) -> Iterator[str]:
    if step.errors:
        yield f"{step.errors:,} lost, duplicated, out of order, refused or disconnected"
    if step.acked_per_second < least_acked(step):
        yield (
            f"{step.acked_per_second:,.1f} messages acknowledged a second, "
            f"of {step.messages_per_second:,.1f}"
        )
    if step.delivery_p99_ms > criteria.delivery_p99_ms:
        yield (
            f"p99 of a delivery {step.delivery_p99_ms:.0f} ms, "
            f"more than {criteria.delivery_p99_ms:g} ms"
        )

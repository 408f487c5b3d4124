"""A kind of fault, as the schedule and the report see it. `faults/` says how it is injected.

`seconds` is how long a fault lasts. For `settle_seconds` after it no other fault of the same target
starts, so that what users notice is known to come from this one. During an `outage` no user can
send, even if everything else is healthy, so it overlaps with no other fault. With `bus_lost`,
replicas receive nothing from each other for a long time, so presence does not change; it is correct
again only some time after the fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

CALM_SECONDS = 2.0


class FaultTarget(Enum):
    """What a fault is injected into: one fault at a time for each target."""

    REPLICAS = "replicas"
    REDIS = "Redis"
    POSTGRES = "Postgres"
    NGINX = "nginx"
    CLIENTS = "clients"


class Mechanism(Enum):
    """How a fault is injected: a short run has each mechanism once."""

    SIGNAL = "signal"
    PAUSE = "pause"
    LINK = "link"
    RATE = "rate"
    LOSS = "loss"
    DELAY = "delay"
    DISK = "disk"
    CLOCK = "clock"
    SQL = "sql"
    SOCKET = "socket"
    RESET = "reset"
    DEPLOY = "deploy"


# All others need a host of their own: a network link, a disk or a clock.
WITHOUT_NETWORK = {
    *(Mechanism.SIGNAL, Mechanism.PAUSE, Mechanism.SQL, Mechanism.SOCKET, Mechanism.DEPLOY)
}


@dataclass(frozen=True, slots=True)
class FaultLimits:
    """The most that users may notice of a fault, in seconds. None: not limited.

    `silence`: the longest time for which any listener receives no event, from the start of the
    fault until it is settled; a silence that has not ended by then counts in full.
    `recovery`: the time until the first message after the fault is acknowledged.
    `delivery`: the time in which 99 of 100 messages sent during the fault reach every listener.
    """

    silence: float | None = None
    recovery: float | None = None
    delivery: float | None = None


@dataclass(frozen=True, slots=True)
class FaultKind:
    name: str
    title: str
    target: FaultTarget
    mechanism: Mechanism
    seconds: float
    settle_seconds: float
    limits: FaultLimits
    outage: bool = False
    bus_lost: bool = False

    @property
    def needs_network(self) -> bool:
        return self.mechanism not in WITHOUT_NETWORK

    @property
    def total_seconds(self) -> float:
        return self.seconds + self.settle_seconds

    @property
    def alone_seconds(self) -> float:
        """In a run with one fault at a time, the seconds until the next fault may start.

        They are long enough to see whether this fault exceeds its silence limit.
        """
        return max(self.total_seconds, self.limits.silence or 0.0) + CALM_SECONDS


def supported(
    kinds: Sequence[FaultKind], *, has_network: bool, has_clocks: bool
) -> list[FaultKind]:
    """Return the kinds that this machine can inject."""
    return [
        kind
        for kind in kinds
        if (has_network or not kind.needs_network)
        and (has_clocks or kind.mechanism is not Mechanism.CLOCK)
    ]

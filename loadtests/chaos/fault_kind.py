"""What the schedule and the report know about kinds of faults. `faults/` says how it is injected.

`seconds` is how long a fault lasts. For `settle_seconds` after a fault, no other fault of the same
target starts, so that what users notice is known to come from this fault. During an `outage` no
user can send, even if everything else is healthy, so an outage overlaps with no other fault. With
`bus_lost`, replicas receive nothing from each other for a long time, so presence does not change
during the fault; presence is correct again only some time after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

CALM_SECONDS = 2.0


class FaultTarget(Enum):
    """What a fault is injected into. A target has at most one fault at a time."""

    REPLICAS = "replicas"
    REDIS = "Redis"
    POSTGRES = "Postgres"
    NGINX = "nginx"
    CLIENTS = "clients"


class Mechanism(Enum):
    """How a fault is injected. Even a short run uses each mechanism once."""

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


# Mechanisms that also work without a private network. The others need hosts of their own, because
# they affect a network link, a disk or a clock.
WITHOUT_NETWORK = {
    *(Mechanism.SIGNAL, Mechanism.PAUSE, Mechanism.SQL, Mechanism.SOCKET, Mechanism.DEPLOY)
}


@dataclass(frozen=True, slots=True)
class FaultLimits:
    """The most that users may notice of a fault, in seconds. None means that there is no limit.

    `silence` limits how long any listener receives no event. Silences count that begin between the
    start of the fault and the end of its settling; a silence that continues after that counts in
    full. `recovery` limits the time from the end of the fault until the next message is
    acknowledged. `delivery` limits the time in which 99 of 100 messages sent during the fault reach
    every listener.
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
        """The seconds from this fault's start to the next one's, if faults happen one at a time.

        This is long enough to see whether this fault exceeds its silence limit.
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

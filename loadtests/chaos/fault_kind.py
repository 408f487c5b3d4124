"""A kind of fault, as a schedule and a reader need to know it; how it is done is in `faults/`.

`seconds` is how long one lasts, `settle_seconds` how long after it the place is left alone by
others of its part, so that what people notice is known to be of this one. While one that is an
`outage` lasts nobody can talk, whatever is well: it overlaps with nothing. `deaf`: replicas do not
hear of each other for so long that presence stays as it is, and is right only some time after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

CALM_SECONDS = 2.0


class Part(Enum):
    """What a fault is done to: a part is given one fault at a time."""

    REPLICAS = "replicas"
    REDIS = "Redis"
    POSTGRES = "Postgres"
    FRONT = "nginx"
    CLIENTS = "clients"


class Mechanism(Enum):
    """How a fault is done: a short run has each once."""

    SIGNAL = "signal"
    PAUSE = "pause"
    LINK = "link"
    RATE = "rate"
    LOSS = "loss"
    DELAY = "delay"
    DISK = "disk"
    CLOCK = "clock"
    SESSION = "session"
    SOCKET = "socket"
    RESET = "reset"
    ROLL = "roll"


OF_A_NET = {
    Mechanism.LINK,
    Mechanism.RATE,
    Mechanism.LOSS,
    Mechanism.DELAY,
    Mechanism.RESET,
    Mechanism.DISK,
    Mechanism.CLOCK,
}


@dataclass(frozen=True, slots=True)
class Promise:
    """What people notice at most, in seconds. None: nothing is promised of it.

    `silence`: nobody who listens hears nothing for longer, from the beginning until it is settled;
    what is still silent then counts to its end.
    `answered`: after the end of the fault the first message is answered.
    `delivery`: 99 of 100 messages sent meanwhile are received, by everybody, by then.
    """

    silence: float | None = None
    answered: float | None = None
    delivery: float | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    title: str
    part: Part
    mechanism: Mechanism
    seconds: float
    settle_seconds: float
    promise: Promise
    outage: bool = False
    deaf: bool = False

    @property
    def needs_net(self) -> bool:
        """Whether it is done to what only a host of its own has: a cable, a disk, a clock."""
        return self.mechanism in OF_A_NET

    @property
    def whole_seconds(self) -> float:
        return self.seconds + self.settle_seconds

    @property
    def alone_seconds(self) -> float:
        """How long it has the place for itself: until what is promised of it could be broken."""
        return max(self.whole_seconds, self.promise.silence or 0.0) + CALM_SECONDS


def possible(kinds: Sequence[Kind], *, has_net: bool, has_clocks: bool) -> list[Kind]:
    """Return the kinds that can be done on a machine: with a net, with clocks that can be set."""
    return [
        kind
        for kind in kinds
        if (has_net or not kind.needs_net) and (has_clocks or kind.mechanism is not Mechanism.CLOCK)
    ]

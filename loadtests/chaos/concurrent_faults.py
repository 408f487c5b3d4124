"""What is done beside a fault, and what of that explains what is noticed at its time. Pure.

Of servers' faults side by side the more patient promise counts. Whom a fault of clients was done to
is left out instead, while it lasts: so that fault lengthens nobody else's promise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.chaos.client_faults import Audience, Hit
from loadtests.chaos.executor import Happened
from loadtests.chaos.fault_kind import Part
from loadtests.lib.checker.intervals import Interval
from loadtests.lib.checker.silence import FOREVER


@dataclass(frozen=True, slots=True)
class Beside:
    servers: list[Happened]
    hits: list[Hit]  # of faults of clients
    cut_off: float  # when the next outage begins; where each fault is alone, the next one at all

    @classmethod
    def of(
        cls, one: Happened, happened: Sequence[Happened], audience: Audience, *, alone: bool
    ) -> "Beside":
        others = [other for other in happened if other is not one]
        return cls(
            servers=[other for other in others if other.entry.kind.part is not Part.CLIENTS],
            hits=[
                Hit(audience.with_listeners(other.victims), other.began, other.settled)
                for other in others
                if other.victims
            ],
            cut_off=_next(one, [other for other in others if alone or other.entry.kind.outage]),
        )

    def allows(self, promised: float, span: Interval) -> bool:
        """Whether something may last so long: as promised of this fault, or of servers beside."""
        lasted = span[1] - span[0]
        return lasted <= promised or lasted <= self.patience(promised, span)

    def patience(self, promised: float, span: Interval) -> float:
        """Return the longest silence that is promised at that time, of this fault or of servers."""
        promises = (
            other.entry.kind.promise.silence
            for other in self.servers
            if other.began < span[1] and span[0] < other.settled
        )
        return max(promised, *(silence or 0.0 for silence in promises), 0.0)


def _next(one: Happened, others: Sequence[Happened]) -> float:
    """Return when the next of these begins after a fault."""
    return min((other.began for other in others if other.began >= one.settled), default=FOREVER)

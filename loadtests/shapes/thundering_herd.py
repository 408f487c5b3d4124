"""The thundering herd: all sockets drop in the same moment, and all come back at once.

What an office does when its router restarts. The people come back as the protocol says, with the
jitter of a first attempt, which is less than half a second.
"""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Deed, Moment, Shape

DROPS = (0.5, 0.75)  # of the run


@dataclass(frozen=True, slots=True)
class Herd(Shape):
    line: ClassVar[str] = (
        "everybody is there; twice all sockets drop at the same moment and come back at once"
    )

    def moments(self) -> list[Moment]:
        return [Moment(self.seconds * share, Deed.DROP) for share in DROPS]

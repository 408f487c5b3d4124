"""A rolling deploy in the middle of the day: replicas go one by one, and nobody may notice.

On the local stack the run rolls its replicas itself (to the same code); elsewhere the operator
starts the deploy when the run says so.
"""

from dataclasses import dataclass
from typing import ClassVar

from loadtests.shapes.shape import Deed, Moment, Shape

BEGINS = 0.4  # of the run


@dataclass(frozen=True, slots=True)
class Deploy(Shape):
    line: ClassVar[str] = (
        "everybody is there and talks while the replicas roll, one after the other"
    )

    def moments(self) -> list[Moment]:
        return [Moment(self.seconds * BEGINS, Deed.DEPLOY)]

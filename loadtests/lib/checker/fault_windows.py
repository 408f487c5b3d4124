"""What was done to a place and when, and how long people may then notice it. Pure.

Whoever does faults gives a window for each; all times are of the clock of the histories.
"""

from collections.abc import Sequence
from dataclasses import dataclass

OF_PRESENCE = {"present_seconds", "gone_seconds"}


@dataclass(frozen=True, slots=True)
class Promises:
    """Within how many seconds everybody sees who came and who went, and revocation is done."""

    present_seconds: float = 3.0
    gone_seconds: float = 10.0  # of a replica that died; most are gone much sooner
    revoked_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """`promises` hold in place of the usual ones for what was not yet over when it began.

    With `stands_still` they count from its end: nobody can notice anything before. So do those of
    presence with `deaf`: replicas that do not hear of each other forget nobody meanwhile.
    """

    name: str
    began: float
    ended: float
    promises: Promises | None = None
    unavailable: bool = False
    deaf: bool = False

    def restarts_at_end(self, promise: str) -> bool:
        """Whether a promise, a field of `Promises`, counts from the end of it."""
        return self.unavailable or (self.deaf and promise in OF_PRESENCE)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The usual promises, and the windows in which there are others."""

    promises: Promises = Promises()
    windows: Sequence[FaultWindow] = ()

    def deadline(self, at: float, promise: str) -> float:
        """Return by when what began at `at` must be seen; `promise` names a field."""
        deadline: float = at + getattr(self.promises, promise)
        for window in sorted(self.windows, key=lambda window: window.began):
            if window.began <= deadline and window.ended >= at:
                start = max(at, window.ended) if window.restarts_at_end(promise) else at
                longer = getattr(window.promises or self.promises, promise)
                deadline = max(deadline, start + longer)
        return deadline

"""When each fault was injected into a deployment, and how long users may notice it. Pure.

The fault test gives a window for each fault. All times are on the histories' clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PRESENCE_PROMISES = {"present_seconds", "gone_seconds"}


@dataclass(frozen=True, slots=True)
class Promises:
    """Time limits in seconds.

    They are the limits until users see who came online or left, and until revoked access ends.
    """

    present_seconds: float = 3.0
    # The limit after a replica has died; in other cases, users are gone much sooner.
    gone_seconds: float = 10.0
    revoked_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """`promises` replace the usual promises for changes that were not yet visible at the start.

    If the deployment is `unavailable`, all promises are counted from the end of the window, because
    no client can notice anything before. With `bus_lost`, only the presence promises are counted
    from the end; the others start as usual. A replica that receives nothing from its peers removes
    none of their users.
    """

    name: str
    started: float
    ended: float
    promises: Promises | None = None
    unavailable: bool = False
    bus_lost: bool = False

    def counts_from_end(self, promise: str) -> bool:
        """Return whether a promise, a field of `Promises`, counts from the end of the window."""
        return self.unavailable or (self.bus_lost and promise in PRESENCE_PROMISES)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The usual time limits, and the windows in which other time limits apply."""

    promises: Promises = Promises()
    windows: Sequence[FaultWindow] = ()

    def deadline(self, at: float, promise: str) -> float:
        """Return when a change at time `at` must be visible. `promise` is a field of `Promises`."""
        deadline: float = at + getattr(self.promises, promise)
        for window in sorted(self.windows, key=lambda window: window.started):
            if window.started <= deadline and window.ended >= at:
                start = max(at, window.ended) if window.counts_from_end(promise) else at
                seconds = getattr(window.promises or self.promises, promise)
                deadline = max(deadline, start + seconds)
        return deadline

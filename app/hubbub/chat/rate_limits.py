"""How often a person may do something: token buckets, one per person and process.

The bucket itself is pure. The doors share `messages`; the socket's door has `commands` besides.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from django.conf import settings

# How far ahead tokens are promised.
AHEAD_SECONDS = 20.0
# A token that was promised for a time is there then, though sums of times are not exact.
ROUNDING = 1e-9


class RateLimited(Exception):
    """Too often; `retry_after` says in how many seconds it may be tried again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        # Up to the millisecond: rounded down, the next try would come too early again.
        self.retry_after = ceil(1_000 * retry_after) / 1_000


@dataclass(slots=True)
class Bucket:
    """Holds up to `burst` tokens and gains `per_second`; every `take` costs one."""

    burst: float
    per_second: float
    tokens: float
    at: float  # seconds, monotonic
    awaited: float = 0.0  # tokens to come that were promised to those who found none

    def take(self, now: float) -> float:
        """Take a token and return 0, or return the seconds until there is one for the asker.

        Each who finds none is told another time: a hundred that come back at the same one would
        find a single token, again and again.
        """
        gained = (now - self.at) * self.per_second
        self.tokens = min(self.burst, self.tokens + gained)
        self.awaited = max(0.0, self.awaited - gained)
        self.at = now
        if self.tokens >= 1 - ROUNDING:
            self.tokens -= 1
            return 0.0
        wait = (1 - self.tokens + self.awaited) / self.per_second
        self.awaited = min(self.awaited + 1, AHEAD_SECONDS * self.per_second)
        return wait


class Limit:
    """A bucket for each person, forgotten once it is full again."""

    MAX_BUCKETS = 20_000

    def __init__(
        self, burst: float, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.burst, self.per_second, self.clock = burst, per_second, clock
        self._buckets: dict[int, Bucket] = {}

    def take(self, user_id: int) -> None:
        """Count one for the person. Raises RateLimited."""
        now = self.clock()
        bucket = self._buckets.get(user_id)
        if bucket is None:
            self._forget_full(now)
            bucket = self._buckets[user_id] = Bucket(self.burst, self.per_second, self.burst, now)
        if wait := bucket.take(now):
            raise RateLimited(wait)

    def forget(self) -> None:
        """Start everybody anew, as a new process would."""
        self._buckets.clear()

    def _forget_full(self, now: float) -> None:
        if len(self._buckets) < self.MAX_BUCKETS:
            return
        filled_in = self.burst / self.per_second
        self._buckets = {
            user: bucket for user, bucket in self._buckets.items() if now - bucket.at < filled_in
        }


messages = Limit(settings.MESSAGES_BURST, settings.MESSAGES_PER_SECOND)
commands = Limit(settings.COMMANDS_BURST, settings.COMMANDS_PER_SECOND)

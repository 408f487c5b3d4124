"""Rate limits: token buckets, one per user and process.

The bucket is pure. All entry points share the limit `messages`; REST and WebSocket also share the
limit `commands`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from django.conf import settings

# How far ahead tokens are promised at most.
MAX_PROMISED_SECONDS = 20.0
# A promised token must be available in time, although sums of floating-point times are not exact.
ROUNDING = 1e-9


class RateLimited(Exception):
    """A user has exceeded a rate limit. They can try again in `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        # The time is rounded up to the millisecond. If it were rounded down, the next attempt would
        # be too early again.
        self.retry_after = ceil(1_000 * retry_after) / 1_000


@dataclass(slots=True)
class Bucket:
    """Holds up to `burst` tokens and gains `per_second` every second; a `take` costs one."""

    burst: float
    per_second: float
    tokens: float
    at: float  # seconds, monotonic
    promised: float = 0.0  # future tokens, promised to callers who found no token

    def take(self, now: float) -> float:
        """Take a token and return 0, or return the seconds until the caller should try again.

        Each caller who finds no token gets a different time. If a hundred callers retried at the
        same time, there would be one token for all of them, again and again. Times are promised up
        to MAX_PROMISED_SECONDS ahead; later callers share the last one.
        """
        gained = (now - self.at) * self.per_second
        self.tokens = min(self.burst, self.tokens + gained)
        self.promised = max(0.0, self.promised - gained)
        self.at = now
        if self.tokens >= 1 - ROUNDING:
            self.tokens -= 1
            return 0.0
        wait = (1 - self.tokens + self.promised) / self.per_second
        self.promised = min(self.promised + 1, MAX_PROMISED_SECONDS * self.per_second)
        return wait


class RateLimit:
    """A bucket for each user. Full buckets are removed when there are many buckets."""

    MAX_BUCKETS = 20_000

    def __init__(
        self, burst: float, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.burst, self.per_second, self.clock = burst, per_second, clock
        self._buckets: dict[int, Bucket] = {}

    def take(self, user_id: int) -> None:
        """Take a token from the user's bucket. Raises RateLimited."""
        now = self.clock()
        bucket = self._buckets.get(user_id)
        if bucket is None:
            self._remove_full(now)
            bucket = self._buckets[user_id] = Bucket(self.burst, self.per_second, self.burst, now)
        if wait := bucket.take(now):
            raise RateLimited(wait)

    def reset(self) -> None:
        """Give every user a full bucket, as in a new process."""
        self._buckets.clear()

    def _remove_full(self, now: float) -> None:
        if len(self._buckets) < self.MAX_BUCKETS:
            return
        fill_seconds = self.burst / self.per_second
        self._buckets = {
            user: bucket for user, bucket in self._buckets.items() if now - bucket.at < fill_seconds
        }


messages = RateLimit(settings.MESSAGES_BURST, settings.MESSAGES_PER_SECOND)
commands = RateLimit(settings.COMMANDS_BURST, settings.COMMANDS_PER_SECOND)

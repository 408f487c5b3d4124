"""Decides whether and when to reconnect after a close. Pure, except that delays are random.

`ClientProtocol` uses it after every close. The numbers are the protocol's close codes.
"""

import random
from dataclasses import dataclass

MAX_DELAY_SECONDS = 8.0
# After these codes, the command in flight is not sent again, because it caused the close.
UNREPEATABLE = {1007, 1009}


def may_reconnect(code: int) -> bool:
    """Return False for 4500 to 4999, which mean "do not reconnect"."""
    return not 4500 <= code <= 4999


@dataclass(slots=True)
class Backoff:
    """Delays that grow with every attempt that gets no `welcome`.

    The first delay is under half a second.
    """

    attempts: int = 0

    def reset(self) -> None:
        self.attempts = 0

    def next_delay(self, retry_after_seconds: float | None = None) -> float:
        """Return how many seconds to wait before the next attempt.

        This includes the delay that the server's `goodbye` asked for.
        """
        ceiling = min(MAX_DELAY_SECONDS, 0.5 * 2.0 ** min(self.attempts, 10))
        self.attempts += 1
        jitter = random.uniform(0.1, 1) * ceiling
        return jitter if retry_after_seconds is None else retry_after_seconds + jitter / 2

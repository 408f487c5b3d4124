"""Whether and when to come back after a close. Pure but for the die.

The conversation asks after every close; the numbers are those of the protocol's close codes.
"""

import random
from dataclasses import dataclass

MAX_DELAY_SECONDS = 8.0
# Codes after which the frame in flight is not sent again: it is what closed the socket.
UNREPEATABLE = {1007, 1009}


def may_come_back(code: int) -> bool:
    """4500 to 4999 mean: stay away. Everything else, 1006 above all, means: come back."""
    return not 4500 <= code <= 4999


@dataclass(slots=True)
class Backoff:
    """Grows with every attempt that brought no welcome; the first comes within a second."""

    attempts: int = 0

    def reset(self) -> None:
        self.attempts = 0

    def next_delay(self, retry_after_seconds: float | None = None) -> float:
        """Return the seconds to wait; what the server's `goodbye` said comes first."""
        ceiling = min(MAX_DELAY_SECONDS, 0.5 * 2.0 ** min(self.attempts, 10))
        self.attempts += 1
        jitter = random.uniform(0.1, 1) * ceiling
        return jitter if retry_after_seconds is None else retry_after_seconds + jitter / 2

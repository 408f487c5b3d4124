"""Django's PostgreSQL, but for one thing: who asks within `patience` does not wait longer for it.

A server that hangs (paused, its disk stuck) keeps its connections open, and its kernel answers for
it: neither libpq's options nor Postgres' own timeouts end that. `middleware` gives each request its
patience; commands and the pools of `realtime` have none, and wait.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until = ContextVar[float | None]("until", default=None)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Have all questions asked here answered within so long, together, or fail.

    What fails raises OperationalError and closes its connection; whether Postgres still does what
    it was told is not known.
    """
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def seconds_left() -> float | None:
    """Return for how long an answer may be waited for; None: for ever."""
    until = _until.get()
    return None if until is None else max(0.0, until - time.monotonic())

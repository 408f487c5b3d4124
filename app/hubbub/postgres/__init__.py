"""Django's PostgreSQL backend with a deadline for queries inside `database_deadline`.

If a server hangs (because it is paused, or its disk is stuck), its connections stay open, and its
kernel still answers, so neither libpq's options nor Postgres's own timeouts end the wait for it.
`middleware` gives each request a deadline. Commands and the thread pools of `realtime` have no
deadline and wait as long as it takes.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_deadline = ContextVar[float | None]("deadline", default=None)


@contextmanager
def database_deadline(seconds: float) -> Iterator[None]:
    """Limit the time that all queries in the block may take together.

    After that a query raises OperationalError and closes its connection. Postgres may still have
    executed it.
    """
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float | None:
    """Return how long a query may still wait, or None if there is no deadline."""
    deadline = _deadline.get()
    return None if deadline is None else max(0.0, deadline - time.monotonic())

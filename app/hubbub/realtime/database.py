"""Queries off the event loop: a small bounded pool of threads, and an end to waiting.

`sync_to_async` would share one thread for all. A database that hangs (paused, or its network cut)
keeps a thread for as long as it hangs; the caller stops waiting after ANSWER_SECONDS all the same.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

# What it looks like from here when the database is away.
AWAY = (OperationalError, InterfaceError, TimeoutError)

pool = ThreadPoolExecutor(settings.REALTIME_THREADS, thread_name_prefix="query")


async def query(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `function` returns, run in the pool. Raises TimeoutError after ANSWER_SECONDS.

    What has begun by then goes on in its thread, and its outcome is not known.
    """
    async with asyncio.timeout(settings.ANSWER_SECONDS):
        return await run(pool, partial(function, *args, **kwargs))


async def run(executor: Executor, function: Callable[[], T]) -> T:
    """Return what `function` returns, run in a thread that keeps its database connection."""
    return await asyncio.get_running_loop().run_in_executor(executor, _with_connection, function)


def _with_connection(function: Callable[[], T]) -> T:
    # Connections live as long as their threads. Asking each time whether one still works would
    # cost a round trip, so it is thrown away after an error instead.
    try:
        return function()
    except (OperationalError, InterfaceError):
        connection.close()
        raise


async def close_connections(executor: ThreadPoolExecutor, threads: int) -> None:
    """Close the database connections of an executor's threads, once nothing runs there."""
    meeting = threading.Barrier(threads)  # so that each thread takes one

    def close() -> None:
        meeting.wait()
        connection.close()

    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(executor, close) for _ in range(threads)))

"""Queries off the event loop: small bounded pools of threads, and an end to waiting.

`sync_to_async` would share one thread for all. A database that hangs (paused, or its network cut)
keeps a thread for as long as it hangs; the caller stops waiting after QUERY_TIMEOUT_SECONDS anyway.
"""

import asyncio
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

# What it looks like from here when the database is away.
DATABASE_UNAVAILABLE = (OperationalError, InterfaceError, TimeoutError)

# Apart, since what changes rows may wait for a room's lock, and handshakes must not wait with it,
# nor the reading of logs, which repairs all that was missed.
ACTION_THREADS = 2
LOG_QUERY_THREADS = 2
_queries = ThreadPoolExecutor(settings.REALTIME_THREADS, thread_name_prefix="query")
_actions = ThreadPoolExecutor(ACTION_THREADS, thread_name_prefix="action")
_log_queries = ThreadPoolExecutor(LOG_QUERY_THREADS, thread_name_prefix="log-query")


async def run_query(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a read returns. Raises TimeoutError after QUERY_TIMEOUT_SECONDS.

    What has begun by then goes on in its thread, and its outcome is not known.
    """
    return await _ask(_queries, partial(function, *args, **kwargs))


async def run_shared_query(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `run_query`, for a read that many wait for: in time is what the thread had done in time.

    In a storm this loop comes to see it late, and to give all of them up then would only have them
    ask again.
    """
    work = asyncio.ensure_future(run(_queries, partial(function, *args, **kwargs)))
    done, _ = await asyncio.wait([work], timeout=settings.QUERY_TIMEOUT_SECONDS)
    if not done:
        work.cancel()
        raise TimeoutError
    return work.result()


async def run_action(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what an action returns; otherwise as `run_query`."""
    return await _ask(_actions, partial(function, *args, **kwargs))


async def run_log_query(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a read of the logs returns; otherwise as `run_query`."""
    return await _ask(_log_queries, partial(function, *args, **kwargs))


async def _ask(executor: Executor, function: Callable[[], T]) -> T:
    async with asyncio.timeout(settings.QUERY_TIMEOUT_SECONDS):
        return await run(executor, function)


async def run(executor: Executor, function: Callable[[], T]) -> T:
    """Return what `function` returns, run in a thread that keeps its database connection."""
    # What it logs is about the socket that asks.
    work = partial(copy_context().run, _with_connection, function)
    return await asyncio.get_running_loop().run_in_executor(executor, work)


def _with_connection(function: Callable[[], T]) -> T:
    # Asking each time whether a connection still works would cost a round trip, so it is thrown
    # away when it is seen to be lost, or after an error.
    _close_if_lost_or_old()
    try:
        return function()
    except (OperationalError, InterfaceError):
        connection.close()
        raise


def _close_if_lost_or_old() -> None:
    """Forget this thread's connection if its server has closed it meanwhile, as a restart does.

    An idle connection has nothing to read but its end. Else each thread's first work after a
    restart would fail, and whoever comes back then would be sent away several times. An old one
    goes, too (DATABASE_MAX_AGE_SECONDS): Postgres' process behind it only ever grows.
    """
    if connection.vendor == "postgresql" and connection.connection is not None:
        kept = connection.connection
        is_old = connection.close_at is not None and time.monotonic() >= connection.close_at
        if is_old or kept.closed or _is_readable(kept.fileno()):
            connection.close()


def _is_readable(socket: int) -> bool:
    poll = select.poll()  # `select.select` knows no socket above 1,023
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


async def close_all_connections() -> None:
    """Close the database connections of all threads, once nothing runs there."""
    await close_connections(_queries, settings.REALTIME_THREADS)
    await close_connections(_actions, ACTION_THREADS)
    await close_connections(_log_queries, LOG_QUERY_THREADS)


async def close_connections(executor: ThreadPoolExecutor, threads: int) -> None:
    """Close the database connections of an executor's threads, once nothing runs there."""
    meeting = threading.Barrier(threads)  # so that each thread takes one

    def close() -> None:
        meeting.wait()
        connection.close()

    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(executor, close) for _ in range(threads)))

"""Runs database work off the event loop, in small bounded thread pools and with a time limit.

`sync_to_async` would share one thread for everything. A database that hangs (paused, or cut off by
the network) keeps a thread busy for as long as it hangs, but the caller stops waiting after
QUERY_TIMEOUT_SECONDS.
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

# The errors that code on the event loop sees when the database is down or too slow.
DATABASE_UNAVAILABLE = (OperationalError, InterfaceError, TimeoutError)

# The pools are separate because actions may wait for a room's lock. Handshakes, and the log queries
# that recover missed events, must not wait behind them.
ACTION_THREADS = 2
LOG_QUERY_THREADS = 2
_queries = ThreadPoolExecutor(settings.REALTIME_THREADS, thread_name_prefix="query")
_actions = ThreadPoolExecutor(ACTION_THREADS, thread_name_prefix="action")
_log_queries = ThreadPoolExecutor(LOG_QUERY_THREADS, thread_name_prefix="log-query")


async def run_query(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of a read. Raises TimeoutError after QUERY_TIMEOUT_SECONDS.

    A call that has started by then continues in its thread, but its result is lost.
    """
    return await _run_with_timeout(_queries, partial(function, *args, **kwargs))


async def run_shared_query(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of a read that many callers wait for. Otherwise this is like `run_query`.

    A result that the thread produced in time counts, even if a busy event loop sees it late: if all
    the callers gave up, they would only ask again.
    """
    work = asyncio.ensure_future(run_in_thread(_queries, partial(function, *args, **kwargs)))
    done, _ = await asyncio.wait([work], timeout=settings.QUERY_TIMEOUT_SECONDS)
    if not done:
        work.cancel()
        raise TimeoutError
    return work.result()


async def run_action(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of an action. Otherwise this is like `run_query`."""
    return await _run_with_timeout(_actions, partial(function, *args, **kwargs))


async def run_log_query(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of a read of event logs. Otherwise this is like `run_query`."""
    return await _run_with_timeout(_log_queries, partial(function, *args, **kwargs))


async def _run_with_timeout(executor: Executor, function: Callable[[], T]) -> T:
    async with asyncio.timeout(settings.QUERY_TIMEOUT_SECONDS):
        return await run_in_thread(executor, function)


async def run_in_thread(executor: Executor, function: Callable[[], T]) -> T:
    """Return the result of `function`, run in a thread that keeps its database connection."""
    # With the caller's context, log lines of the thread name the WebSocket that they are about.
    work = partial(copy_context().run, _with_connection, function)
    return await asyncio.get_running_loop().run_in_executor(executor, work)


def _with_connection(function: Callable[[], T]) -> T:
    # Testing the connection before each call would cost a round trip. Instead the connection is
    # closed when it is known to be lost, and after errors.
    _close_if_lost_or_old()
    try:
        return function()
    except (OperationalError, InterfaceError):
        connection.close()
        raise


def _close_if_lost_or_old() -> None:
    """Close this thread's connection if the server has closed it, or if it is too old.

    Otherwise, after a restart of the server, every thread's first call would fail, and clients that
    reconnect would be rejected several times. An idle connection becomes readable only when it
    ends. The age limit (DATABASE_MAX_AGE_SECONDS) exists because the Postgres process behind a
    connection only ever grows.
    """
    if connection.vendor == "postgresql" and connection.connection is not None:
        raw = connection.connection
        is_old = connection.close_at is not None and time.monotonic() >= connection.close_at
        if is_old or raw.closed or _is_readable(raw.fileno()):
            connection.close()


def _is_readable(socket: int) -> bool:
    poll = select.poll()  # `select.select` cannot handle descriptors above 1,023
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


async def close_all_connections() -> None:
    """Close the database connections of all pools, once nothing runs in them."""
    await close_connections(_queries, settings.REALTIME_THREADS)
    await close_connections(_actions, ACTION_THREADS)
    await close_connections(_log_queries, LOG_QUERY_THREADS)


async def close_connections(executor: ThreadPoolExecutor, threads: int) -> None:
    """Close the database connections of an executor's threads, once nothing runs in them."""
    barrier = threading.Barrier(threads)  # so that each thread runs exactly one of the calls

    def close() -> None:
        barrier.wait()
        connection.close()

    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(executor, close) for _ in range(threads)))

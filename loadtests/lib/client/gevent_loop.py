"""Runs asyncio code, such as `Client`, under gevent, in whose greenlets Locust's users run.

The process has one event loop, in a greenlet of its own. gevent must have patched the standard
library before this module is imported, as Locust does. asyncio then waits in gevent's hub, and its
"threads" are greenlets.
"""

import asyncio
import signal
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import gevent

# Greenlets in which asyncio runs blocking calls; asyncio takes them for threads. They start as
# needed. The limit is high because thousands of rooms can load at the same time after a restart.
MAX_GREENLETS = 10_000
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], within: float | None = None) -> T:
    """Run a coroutine while this greenlet waits. Raises TimeoutError if it takes longer.

    If the greenlet is killed, the coroutine is cancelled.
    """
    future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, within), _loop())
    try:
        return future.result()
    finally:
        future.cancel()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(MAX_GREENLETS))
    gevent.spawn(loop.run_forever)
    # By default, KeyboardInterrupt is raised in whichever greenlet runs. In the loop's greenlet it
    # would end the loop, and every later `run` would wait forever.
    gevent.signal_handler(signal.SIGINT, _interrupt_main_greenlet)
    return loop


def _interrupt_main_greenlet() -> None:
    gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())

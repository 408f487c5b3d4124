"""REST for a crowd: a few threads, and patience with a place to which faults are done.

What is unreachable or unavailable is tried again. An answer may be lost and what it was about done
all the same; the next try then finds it done.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from loadtests.lib.client import rest
from loadtests.lib.simulation.account import Account

THREADS = 4
SERVER_ERROR = 500
PAUSE_SECONDS = 0.5


class Rest:
    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        # Their own: a place that hangs must not keep the clients' loads waiting.
        self._threads = ThreadPoolExecutor(THREADS, "people")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def call(
        self, person: Account, method: str, path: str, *, done: Collection[int] = (), **body: Any
    ) -> Any:
        """Return the answer's JSON; None where a status in `done` says that it is done already.

        Raises `rest.RefusedError` for what would be refused again.
        """

        def ask(address: str) -> Any:
            return rest.call(address, method, path, person.headers, body or None)

        return await self._insist(ask, done)

    async def form(self, person: Account, path: str, **fields: str) -> None:
        """Send a form of the pages. Raises `rest.RefusedError` for what would be refused again."""

        def post(address: str) -> None:
            rest.post_form(address, path, person.headers, fields)

        await self._insist(post)

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _insist(self, ask: Callable[[str], Any], done: Collection[int] = ()) -> Any:
        while True:
            pause = PAUSE_SECONDS
            try:
                return await self.in_thread(partial(ask, random.choice(self._addresses)))
            except rest.RefusedError as refused:
                if refused.status in done:
                    return None
                if refused.status == rest.TOO_MANY_REQUESTS:
                    pause = refused.retry_after
                elif refused.status < SERVER_ERROR:
                    raise
            except OSError:
                pass
            await asyncio.sleep(pause)

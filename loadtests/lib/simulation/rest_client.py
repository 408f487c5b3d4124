"""Calls the API for a simulation: from asyncio, in a few threads, with retries while faults last.

A request to a server that is unreachable or unavailable is repeated. An answer can be lost although
the server carried out the request; the retry then finds that it is already done.
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
RETRY_SECONDS = 0.5


class RestClient:
    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        # These requests have threads of their own: a server that hangs must not block the clients'
        # loads.
        self._threads = ThreadPoolExecutor(THREADS, "simulation")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def call(
        self, account: Account, method: str, path: str, *, done: Collection[int] = (), **body: Any
    ) -> Any:
        """Return the JSON of the answer, or None if its status is in `done`.

        `done` are the statuses that mean "already done". Raises `rest.RefusedError` if a retry
        would be refused again.
        """

        def ask(address: str) -> Any:
            return rest.call(address, method, path, account.headers, body or None)

        return await self._retry(ask, done)

    async def form(self, account: Account, path: str, **fields: str) -> None:
        """Post a form of one of the pages. Like `call`, this raises `rest.RefusedError`."""

        def post(address: str) -> None:
            rest.post_form(address, path, account.headers, fields)

        await self._retry(post)

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _retry(self, ask: Callable[[str], Any], done: Collection[int] = ()) -> Any:
        while True:
            pause = RETRY_SECONDS
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

"""A replica that also serves pages uses a fixed number of threads for them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async

from hubbub.realtime.http.pages import in_threads

THREADS = 3


class Pages:
    """A synchronous application that records its threads.

    Each view waits until `together` views are running.
    """

    def __init__(self, together: int) -> None:
        self.threads: list[str] = []
        self._all_running = threading.Barrier(together)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(self._view)()
        await sync_to_async(self._view)()

    def _view(self) -> None:
        self.threads.append(threading.current_thread().name)
        self._all_running.wait(20)  # raises an error if fewer run at once


async def request(application: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
    await application({}, None, None)


async def test_many_requests_share_the_threads() -> None:
    pages = Pages(together=THREADS)
    application = in_threads(pages, THREADS)
    await asyncio.gather(*(request(application) for _ in range(5 * THREADS)))
    assert len(pages.threads) == 2 * 5 * THREADS
    assert len(set(pages.threads)) == THREADS


async def test_consecutive_requests_need_one_thread() -> None:
    pages = Pages(together=1)
    application = in_threads(pages, THREADS)
    for _ in range(5):
        await request(application)
    assert len(set(pages.threads)) == 1


async def test_a_failed_request_frees_its_thread() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise OSError

    application = in_threads(failing, 1)
    outcomes = await asyncio.gather(
        *(request(application) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in outcomes] == [OSError] * 3

"""A replica that also serves pages uses a fixed number of threads for them."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async

from hubbub.realtime.http.pages import in_threads

THREADS = 3


class Pages:
    """A synchronous application that records its threads, and how many ran at once."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.running, self.most_running = 0, 0
        self._lock = threading.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(self._view)()
        await sync_to_async(self._view)()

    def _view(self) -> None:
        with self._lock:
            self.threads.append(threading.current_thread().name)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        time.sleep(0.01)  # about as long as a database query
        with self._lock:
            self.running -= 1


async def request(application: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
    await application({}, None, None)


async def test_many_requests_share_the_threads() -> None:
    pages = Pages()
    application = in_threads(pages, THREADS)
    await asyncio.gather(*(request(application) for _ in range(5 * THREADS)))
    assert len(pages.threads) == 2 * 5 * THREADS
    assert len(set(pages.threads)) == pages.most_running == THREADS


async def test_consecutive_requests_need_one_thread() -> None:
    pages = Pages()
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

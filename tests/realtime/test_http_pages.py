"""A replica that serves pages, too: by so many threads and no more, each with its connection."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async

from hubbub.realtime.http.pages import in_threads

THREADS = 3


class Pages:
    """A synchronous application that notes which threads it ran in, and how many at once."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.now, self.most = 0, 0
        self._lock = threading.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(self._view)()
        await sync_to_async(self._view)()

    def _view(self) -> None:
        with self._lock:
            self.threads.append(threading.current_thread().name)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.01)  # as a question to the database takes
        with self._lock:
            self.now -= 1


async def ask(served: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
    await served({}, None, None)


async def test_many_requests_share_the_threads() -> None:
    pages = Pages()
    served = in_threads(pages, THREADS)
    await asyncio.gather(*(ask(served) for _ in range(5 * THREADS)))
    assert len(pages.threads) == 2 * 5 * THREADS
    assert len(set(pages.threads)) == pages.most == THREADS


async def test_one_request_after_the_other_needs_one_thread() -> None:
    pages = Pages()
    served = in_threads(pages, THREADS)
    for _ in range(5):
        await ask(served)
    assert len(set(pages.threads)) == 1


async def test_a_request_that_fails_leaves_its_thread_to_others() -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise OSError

    served = in_threads(fails, 1)
    failed = await asyncio.gather(*(ask(served) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in failed] == [OSError] * 3

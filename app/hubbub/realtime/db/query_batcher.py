"""Batches concurrent queries into one statement, like a DataLoader.

All keys requested while a query runs go into the next query; a single key is queried immediately,
without a timer. Handshakes, subscribes and log reads each have their own batcher. A result goes
only to callers that asked before its query started: later callers may know of a change that it does
not show, so they wait for the next query.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from hubbub.observability.logs import empty_context
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_shared_query

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Results: TypeAlias = Mapping[K, V | Exception]


class QueryBatcher(Generic[K, V]):
    """Loads values by key. A key that is requested twice is queried once."""

    def __init__(self, query: Callable[[Sequence[K]], Results[K, V]], max_batch: int) -> None:
        """`query` runs in the thread pool; for each key it returns a value or an exception."""
        self._query, self._max_batch = query, max_batch
        self._waiting: dict[K, list[asyncio.Future[V]]] = {}  # in order of arrival
        self._task: asyncio.Task[None] | None = None

    async def load(self, key: K) -> V:
        """Return the value that is found by a query that starts after this call.

        Raises the key's exception and DATABASE_UNAVAILABLE. TimeoutError means that a query took
        QUERY_TIMEOUT_SECONDS; that may have been the query before the one for this key.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[V] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._task is None:
            self._task = loop.create_task(self._load_all(), context=empty_context())
        try:
            return await future
        except asyncio.CancelledError:
            self._forget(key, future)
            raise

    def _forget(self, key: K, future: "asyncio.Future[V]") -> None:
        """Forget a cancelled caller. Otherwise such callers pile up while the database hangs."""
        waiting = self._waiting.get(key, [])
        if future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[key]

    async def _load_all(self) -> None:
        try:
            while self._waiting:
                batch = self._take_batch()
                try:
                    _resolve_all(batch, await self._run_query(list(batch)))
                except TimeoutError as error:
                    # Fail the callers whose keys are still queued, too: they have waited long
                    # enough. A key can be both in the batch and queued again, with different
                    # futures.
                    queued, self._waiting = self._waiting, {}
                    for each in (batch, queued):
                        _resolve_all(each, dict.fromkeys(each, error))
        finally:
            self._task = None

    def _take_batch(self) -> dict[K, list["asyncio.Future[V]"]]:
        if len(self._waiting) <= self._max_batch:
            batch, self._waiting = self._waiting, {}
            return batch
        first = list(self._waiting)[: self._max_batch]
        return {key: self._waiting.pop(key) for key in first}

    async def _run_query(self, keys: list[K]) -> Results[K, V]:
        try:
            return await run_shared_query(self._query, keys)
        except TimeoutError:
            raise
        except DATABASE_UNAVAILABLE as error:
            return dict.fromkeys(keys, error)
        except Exception as error:
            if len(keys) == 1:
                return {keys[0]: error}
        # One of the keys broke the query. Query them one by one, so that only that key fails.
        results: dict[K, V | Exception] = {}
        for key in keys:
            results |= await self._run_query([key])
        return results


def _resolve_all(batch: Mapping[K, list["asyncio.Future[V]"]], results: Results[K, V]) -> None:
    for key, futures in batch.items():
        for future in futures:
            _resolve(future, results[key])


def _resolve(future: "asyncio.Future[V]", result: V | Exception) -> None:
    if future.done():
        return  # the caller was cancelled
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)

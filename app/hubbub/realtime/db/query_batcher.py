"""Asking together what is asked at the same time: group commit, for reads.

Whatever was asked while the last query ran goes into the next one; a lone question is asked at
once, no timer. Handshakes, subscribes and reads of the log go through one of these each. The rule:
an answer goes only to those who asked before its query began. Whoever asks while it runs waits for
the next, since they may know of a change that it does not show.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from hubbub.observability.logs import about_nobody
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_shared_query

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Answers: TypeAlias = Mapping[K, V | Exception]


class QueryBatcher(Generic[K, V]):
    """Questions of one kind. A question is its key; the same one asked twice is asked once."""

    def __init__(self, answer: Callable[[Sequence[K]], Answers[K, V]], max_batch: int) -> None:
        """`answer` runs in the pool and answers every key, with an exception where it cannot."""
        self._answer, self._max_batch = answer, max_batch
        self._waiting: dict[K, list[asyncio.Future[V]]] = {}  # in the order asked
        self._task: asyncio.Task[None] | None = None

    async def load(self, key: K) -> V:
        """Return the answer of a query that begins after this call.

        Raises the answer that is an exception, and the database's errors; TimeoutError when a query
        took QUERY_TIMEOUT_SECONDS, also if that was the one before.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[V] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._task is None:
            self._task = loop.create_task(self._ask_all(), context=about_nobody())
        try:
            return await future
        except asyncio.CancelledError:
            self._forget(key, future)
            raise

    def _forget(self, key: K, future: "asyncio.Future[V]") -> None:
        """Else what nobody waits for would pile up while the database hangs."""
        waiting = self._waiting.get(key, [])
        if future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[key]

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                try:
                    _settle_all(batch, await self._answers_to(list(batch)))
                except TimeoutError as error:
                    # Who waits behind a database that hangs has waited long enough, too. The same
                    # may have been asked again meanwhile: those are other futures.
                    behind, self._waiting = self._waiting, {}
                    for asked in (batch, behind):
                        _settle_all(asked, dict.fromkeys(asked, error))
        finally:
            self._task = None

    def _next_batch(self) -> dict[K, list["asyncio.Future[V]"]]:
        if len(self._waiting) <= self._max_batch:
            batch, self._waiting = self._waiting, {}
            return batch
        first = list(self._waiting)[: self._max_batch]
        return {key: self._waiting.pop(key) for key in first}

    async def _answers_to(self, keys: list[K]) -> Answers[K, V]:
        try:
            return await run_shared_query(self._answer, keys)
        except TimeoutError:
            raise
        except DATABASE_UNAVAILABLE as error:
            return dict.fromkeys(keys, error)
        except Exception as error:
            if len(keys) == 1:
                return {keys[0]: error}
        # One of them is to blame; its neighbours shall not notice.
        answers: dict[K, V | Exception] = {}
        for key in keys:
            answers |= await self._answers_to([key])
        return answers


def _settle_all(asked: Mapping[K, list["asyncio.Future[V]"]], answers: Answers[K, V]) -> None:
    for key, futures in asked.items():
        for future in futures:
            _settle(future, answers[key])


def _settle(future: "asyncio.Future[V]", answer: V | Exception) -> None:
    if future.done():
        return  # whoever asked has gone
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)

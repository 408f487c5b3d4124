"""Concurrent queries are batched, and no caller gets a result from before its request."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest
from pytest_django import Settings

from hubbub.realtime.db.query_batcher import QueryBatcher, Results


class Source:
    """A simulated database, which records all queries.

    A result names the version that the database had when the query started.
    """

    def __init__(self) -> None:
        self.version = 1
        self.queries: list[list[str]] = []
        self.started, self.resume = threading.Event(), threading.Event()
        self.resume.set()

    def query(self, keys: Sequence[str]) -> Results[str, str]:
        self.queries.append(list(keys))
        version = self.version
        self.started.set()
        assert self.resume.wait(20)
        if "broken" in keys:
            raise ValueError("broken")
        return {key: LookupError(key) if key == "bad" else f"{key} {version}" for key in keys}

    def pause(self) -> None:
        self.started.clear()
        self.resume.clear()


async def start_loads(batcher: QueryBatcher[str, str], *keys: str) -> list["asyncio.Task[str]"]:
    """Start loading keys. Return once they are queued."""
    tasks = [asyncio.create_task(batcher.load(key)) for key in keys]
    await asyncio.sleep(0)
    return tasks


async def start_query(source: Source, batcher: QueryBatcher[str, str]) -> "asyncio.Task[str]":
    """Start a query for the key "first". Return while it waits for `source.resume`."""
    source.pause()
    [first] = await start_loads(batcher, "first")
    assert await asyncio.to_thread(source.started.wait, 20)
    return first


async def test_a_lone_key_is_queried_at_once() -> None:
    source = Source()
    batcher = QueryBatcher(source.query, 10)
    assert await batcher.load("a") == "a 1"
    assert await batcher.load("a") == "a 1"
    assert source.queries == [["a"], ["a"]]


async def test_keys_requested_during_a_query_are_batched_into_the_next() -> None:
    source = Source()
    batcher = QueryBatcher(source.query, 3)
    first = await start_query(source, batcher)
    tasks = await start_loads(batcher, "a", "b", "a", "c", "d")
    source.resume.set()
    assert await asyncio.gather(first, *tasks) == ["first 1", "a 1", "b 1", "a 1", "c 1", "d 1"]
    assert source.queries == [["first"], ["a", "b", "c"], ["d"]]


async def test_no_caller_gets_the_result_of_a_query_that_started_before_its_request() -> None:
    source = Source()
    batcher = QueryBatcher(source.query, 10)
    first = await start_query(source, batcher)
    source.version = 2
    [second] = await start_loads(batcher, "first")
    source.resume.set()
    assert [await first, await second] == ["first 1", "first 2"]


@pytest.mark.parametrize(("key", "error"), [("bad", LookupError), ("broken", ValueError)])
async def test_a_key_that_fails_fails_no_other(key: str, error: type[Exception]) -> None:
    source = Source()
    batcher = QueryBatcher(source.query, 10)
    outcomes = await asyncio.gather(
        *(batcher.load(each) for each in ("a", key, "b")), return_exceptions=True
    )
    assert outcomes[::2] == ["a 1", "b 1"]
    assert isinstance(outcomes[1], error)
    assert await batcher.load("c") == "c 1"


async def test_keys_of_cancelled_callers_are_not_queried_and_other_callers_get_theirs() -> None:
    source = Source()
    batcher = QueryBatcher(source.query, 10)
    first = await start_query(source, batcher)
    cancelled, same_key, other = await start_loads(batcher, "a", "a", "b")
    [alone] = await start_loads(batcher, "c")
    for task in (first, cancelled, alone):
        task.cancel()
    source.resume.set()
    assert [await same_key, await other] == ["a 1", "b 1"]
    assert source.queries == [["first"], ["a", "b"]]


async def test_all_callers_time_out_when_the_database_hangs_and_later_ones_succeed(
    settings: Settings,
) -> None:
    settings.QUERY_TIMEOUT_SECONDS = 0.2
    source = Source()
    batcher = QueryBatcher(source.query, 10)
    first = await start_query(source, batcher)
    waiting = await start_loads(batcher, "first", "a", "b")
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert all(isinstance(each, TimeoutError) for each in outcomes)
    source.resume.set()
    settings.QUERY_TIMEOUT_SECONDS = 20
    assert await batcher.load("c") == "c 1"


async def test_a_result_in_time_counts_even_if_the_event_loop_sees_it_late(
    settings: Settings,
) -> None:
    settings.QUERY_TIMEOUT_SECONDS = 1
    source = Source()
    batcher = QueryBatcher(source.query, 10)
    first = await start_query(source, batcher)
    stall_loop(source.resume.set, 1.5)
    assert await first == "first 1"


def stall_loop(meanwhile: Callable[[], None], seconds: float) -> None:
    """Block the event loop for longer than a query may take."""
    meanwhile()
    threading.Event().wait(seconds)

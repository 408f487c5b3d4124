"""What is asked at the same time is asked together, and nobody gets an answer from before."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest
from pytest_django import Settings

from hubbub.realtime.db.query_batcher import QueryBatcher, Results


class Source:
    """What is asked: answers with its version when the query began, and remembers the queries."""

    def __init__(self) -> None:
        self.version = 1
        self.queries: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def answer(self, keys: Sequence[str]) -> Results[str, str]:
        self.queries.append(list(keys))
        version = self.version
        self.begun.set()
        assert self.go_on.wait(20)
        if "broken" in keys:
            raise ValueError("broken")
        return {key: LookupError(key) if key == "bad" else f"{key} {version}" for key in keys}

    def pause(self) -> None:
        self.begun.clear()
        self.go_on.clear()


async def asked(gathering: QueryBatcher[str, str], *keys: str) -> list["asyncio.Task[str]"]:
    """Ask, and return once all is put in."""
    tasks = [asyncio.create_task(gathering.load(key)) for key in keys]
    await asyncio.sleep(0)
    return tasks


async def during_a_query(source: Source, gathering: QueryBatcher[str, str]) -> "asyncio.Task[str]":
    """Begin a query, and return while it runs."""
    source.pause()
    [first] = await asked(gathering, "first")
    assert await asyncio.to_thread(source.begun.wait, 20)
    return first


async def test_a_lone_question_is_asked_at_once() -> None:
    source = Source()
    gathering = QueryBatcher(source.answer, 10)
    assert await gathering.load("a") == "a 1"
    assert await gathering.load("a") == "a 1"
    assert source.queries == [["a"], ["a"]]


async def test_what_is_asked_while_a_query_runs_goes_together_into_the_next() -> None:
    source = Source()
    gathering = QueryBatcher(source.answer, 3)
    first = await during_a_query(source, gathering)
    tasks = await asked(gathering, "a", "b", "a", "c", "d")
    source.go_on.set()
    assert await asyncio.gather(first, *tasks) == ["first 1", "a 1", "b 1", "a 1", "c 1", "d 1"]
    assert source.queries == [["first"], ["a", "b", "c"], ["d"]]


async def test_nobody_is_answered_by_a_query_that_began_before_they_asked() -> None:
    source = Source()
    gathering = QueryBatcher(source.answer, 10)
    first = await during_a_query(source, gathering)
    source.version = 2
    [second] = await asked(gathering, "first")
    source.go_on.set()
    assert [await first, await second] == ["first 1", "first 2"]


@pytest.mark.parametrize(("key", "error"), [("bad", LookupError), ("broken", ValueError)])
async def test_what_fails_for_one_fails_for_nobody_else(key: str, error: type[Exception]) -> None:
    source = Source()
    gathering = QueryBatcher(source.answer, 10)
    outcomes = await asyncio.gather(
        *(gathering.load(each) for each in ("a", key, "b")), return_exceptions=True
    )
    assert outcomes[::2] == ["a 1", "b 1"]
    assert isinstance(outcomes[1], error)
    assert await gathering.load("c") == "c 1"


async def test_whoever_goes_while_waiting_is_not_asked_for_and_harms_nobody() -> None:
    source = Source()
    gathering = QueryBatcher(source.answer, 10)
    first = await during_a_query(source, gathering)
    gone, same, other = await asked(gathering, "a", "a", "b")
    [alone] = await asked(gathering, "c")
    for task in (first, gone, alone):
        task.cancel()
    source.go_on.set()
    assert [await same, await other] == ["a 1", "b 1"]
    assert source.queries == [["first"], ["a", "b"]]


async def test_when_the_database_hangs_all_who_wait_are_told_in_time_and_later_ones_are_answered(
    settings: Settings,
) -> None:
    settings.QUERY_TIMEOUT_SECONDS = 0.2
    source = Source()
    gathering = QueryBatcher(source.answer, 10)
    first = await during_a_query(source, gathering)
    waiting = await asked(gathering, "first", "a", "b")
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert all(isinstance(each, TimeoutError) for each in outcomes)
    source.go_on.set()
    assert await gathering.load("c") == "c 1"


async def test_an_answer_in_time_counts_though_the_loop_is_late_to_see_it(
    settings: Settings,
) -> None:
    settings.QUERY_TIMEOUT_SECONDS = 0.2
    source = Source()
    gathering = QueryBatcher(source.answer, 10)
    first = await during_a_query(source, gathering)
    be_busy(lambda: source.go_on.set())
    assert await first == "first 1"


def be_busy(meanwhile: Callable[[], None]) -> None:
    """Hold the loop for longer than a query may take."""
    meanwhile()
    threading.Event().wait(0.5)

"""The line before a writer: people take turns, and what one of them sends keeps its order."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.chat.actions.send_batch import Draft
from hubbub.realtime.commands.fair_queue import Line, Waiting

PEOPLE = st.lists(st.integers(1, 6), max_size=40)
MOST = st.integers(1, 8)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def line_of(people: list[int], loop: asyncio.AbstractEventLoop) -> Line:
    """Return a line in which so many people wait, one after the other, in two rooms."""
    line = Line()
    for ticket, person in enumerate(people):
        draft = Draft(person, ticket % 2 + 1, str(ticket), "Ahoy")
        line.put(Waiting(ticket, draft, loop.create_future()))
    return line


def batches_of(line: Line, most: int) -> list[list[Waiting]]:
    batches = []
    while line:
        batches.append(line.take(most))
    return batches


@given(PEOPLE, MOST)
def test_everything_is_taken_once_and_what_one_person_sends_in_its_order(
    loop: asyncio.AbstractEventLoop, people: list[int], most: int
) -> None:
    batches = batches_of(line_of(people, loop), most)
    taken = [waiting for batch in batches for waiting in batch]
    assert sorted(waiting.ticket for waiting in taken) == list(range(len(people)))
    assert all(len(batch) == most for batch in batches[:-1])
    for person in set(people):
        own = [waiting.ticket for waiting in taken if waiting.draft.sender_id == person]
        assert own == sorted(own)


@given(PEOPLE, MOST)
def test_what_fits_into_one_batch_goes_in_the_order_it_came(
    loop: asyncio.AbstractEventLoop, people: list[int], most: int
) -> None:
    [*_, last] = [[], *batches_of(line_of(people, loop), max(most, len(people)))]
    assert [waiting.ticket for waiting in last] == list(range(len(people)))


@given(PEOPLE, MOST)
def test_whoever_has_sent_less_is_never_behind_whoever_has_sent_more(
    loop: asyncio.AbstractEventLoop, people: list[int], most: int
) -> None:
    turns = Counter[int]()
    batch_of: dict[tuple[int, int], int] = {}  # person, turn: number of the batch
    for number, batch in enumerate(batches_of(line_of(people, loop), most)):
        for waiting in batch:
            turns[waiting.draft.sender_id] += 1
            batch_of[waiting.draft.sender_id, turns[waiting.draft.sender_id]] = number
    for (_, turn), number in batch_of.items():
        before = sum(min(count, turn) for count in turns.values())
        assert number < ceil(before / most)


@given(PEOPLE, st.sets(st.integers(1, 2)))
def test_what_waits_for_some_rooms_leaves_the_line_and_the_rest_stays(
    loop: asyncio.AbstractEventLoop, people: list[int], rooms: set[int]
) -> None:
    line = line_of(people, loop)
    left = line.take_rooms(rooms)
    stayed = line.take(len(line))
    assert all(waiting.draft.room_id in rooms for waiting in left)
    assert all(waiting.draft.room_id not in rooms for waiting in stayed)
    for part in (left, stayed):
        assert [one.ticket for one in part] == sorted(one.ticket for one in part)
    assert len(left) + len(stayed) == len(people)
    assert len(line) == 0

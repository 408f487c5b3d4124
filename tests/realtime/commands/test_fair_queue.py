"""Users take turns in the fair queue, and the sends of one user keep their order."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.chat.actions.send_batch import Draft
from hubbub.realtime.commands.fair_queue import FairQueue, QueuedSend

SENDERS = st.lists(st.integers(1, 6), max_size=40)
LIMITS = st.integers(1, 8)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def queue_of(senders: list[int], loop: asyncio.AbstractEventLoop) -> FairQueue:
    """Return a queue with one send for each entry of `senders`, alternately into two rooms."""
    queue = FairQueue()
    for arrival, sender in enumerate(senders):
        draft = Draft(sender, arrival % 2 + 1, str(arrival), "Ahoy")
        queue.add(QueuedSend(arrival, draft, loop.create_future()))
    return queue


def batches_of(queue: FairQueue, limit: int) -> list[list[QueuedSend]]:
    batches = []
    while queue:
        batches.append(queue.take(limit))
    return batches


@given(SENDERS, LIMITS)
def test_every_send_is_taken_once_and_each_users_sends_in_order(
    loop: asyncio.AbstractEventLoop, senders: list[int], limit: int
) -> None:
    batches = batches_of(queue_of(senders, loop), limit)
    taken = [send for batch in batches for send in batch]
    assert sorted(send.arrival for send in taken) == list(range(len(senders)))
    assert all(len(batch) == limit for batch in batches[:-1])
    for sender in set(senders):
        own = [send.arrival for send in taken if send.draft.sender_id == sender]
        assert own == sorted(own)


@given(SENDERS, LIMITS)
def test_sends_that_fit_into_one_batch_are_in_order_of_arrival(
    loop: asyncio.AbstractEventLoop, senders: list[int], limit: int
) -> None:
    [*_, last] = [[], *batches_of(queue_of(senders, loop), max(limit, len(senders)))]
    assert [send.arrival for send in last] == list(range(len(senders)))


@given(SENDERS, LIMITS)
def test_a_user_who_sent_less_never_waits_for_a_user_who_sent_more(
    loop: asyncio.AbstractEventLoop, senders: list[int], limit: int
) -> None:
    turns = Counter[int]()
    batch_of: dict[tuple[int, int], int] = {}  # by sender and turn: the number of the send's batch
    for number, batch in enumerate(batches_of(queue_of(senders, loop), limit)):
        for send in batch:
            turns[send.draft.sender_id] += 1
            batch_of[send.draft.sender_id, turns[send.draft.sender_id]] = number
    for (_, turn), number in batch_of.items():
        before = sum(min(count, turn) for count in turns.values())
        assert number < ceil(before / limit)


@given(SENDERS, st.sets(st.integers(1, 2)))
def test_sends_to_some_rooms_leave_the_queue_and_the_others_stay(
    loop: asyncio.AbstractEventLoop, senders: list[int], rooms: set[int]
) -> None:
    queue = queue_of(senders, loop)
    removed = queue.take_rooms(rooms)
    stayed = queue.take(len(queue))
    assert all(send.draft.room_id in rooms for send in removed)
    assert all(send.draft.room_id not in rooms for send in stayed)
    for part in (removed, stayed):
        assert [send.arrival for send in part] == sorted(send.arrival for send in part)
    assert len(removed) + len(stayed) == len(senders)
    assert len(queue) == 0

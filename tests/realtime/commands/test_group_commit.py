"""With group commit, sends share transactions, and no user or room delays the others."""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import OperationalError, connection, transaction
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.actions import batch_statements_postgres, rooms
from hubbub.chat.actions.batch_statements import LockedRows, LockWait, MembershipKey, MessageKey
from hubbub.chat.actions.room_lock import is_lock_timeout
from hubbub.chat.actions.send import send_many
from hubbub.chat.actions.send_batch import Draft
from hubbub.chat.models import Message, Room
from hubbub.realtime.commands.group_commit import MAX_BATCH, GroupCommit
from hubbub.realtime.commands.send_queues import MAX_QUEUED_PER_USER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def usual_timeout(settings: Settings) -> float:
    """Let sends wait for longer than a lock, however slow the machine is.

    Return how long they wait outside of these tests.
    """
    usual: float = settings.QUERY_TIMEOUT_SECONDS
    settings.QUERY_TIMEOUT_SECONDS = 20
    return usual


@contextmanager
def in_another_transaction(work: Callable[[], object]) -> Iterator[None]:
    """Do some work in a transaction that stays open, as if its replica were paused."""
    done, release = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                work()
                done.set()
                release.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert done.wait(20)
        yield
    finally:
        release.set()
        thread.join()


def room_locked(room: Room) -> AbstractContextManager[None]:
    return in_another_transaction(lambda: Room.objects.lock(room.pk))


def draft(sender: User, room: Room, nonce: str, body: str = "hello") -> Draft:
    return Draft(sender.pk, room.pk, nonce, body)


def record_lock_waits(monkeypatch: pytest.MonkeyPatch, nonce: str) -> list[LockWait]:
    """Return a list that gets an entry for each batch with this nonce that waits for locks."""
    waits: list[LockWait] = []
    lock_and_read = batch_statements_postgres.lock_and_read

    def record(
        memberships: Collection[MembershipKey], messages: Collection[MessageKey], wait: LockWait
    ) -> LockedRows:
        if wait is not LockWait.SKIP_LOCKED and nonce in {key.nonce for key in messages}:
            waits.append(wait)
        return lock_and_read(memberships, messages, wait)

    monkeypatch.setattr(batch_statements_postgres, "lock_and_read", record)
    return waits


async def outcomes(group_commit: GroupCommit, drafts: list[Draft]) -> list[Message | BaseException]:
    return await asyncio.gather(*map(group_commit.send, drafts), return_exceptions=True)


def test_messages_of_a_room_are_numbered_in_order_of_arrival(alice: User, lobby: Room) -> None:
    async def scenario() -> list[int]:
        group_commit = GroupCommit()
        results = await outcomes(group_commit, [draft(alice, lobby, f"n{n}") for n in range(500)])
        await group_commit.close()
        return [message.number for message in results if isinstance(message, Message)]

    assert asyncio.run(scenario()) == list(range(1, 501))


def test_a_draft_that_fails_fails_no_other(alice: User, bob: User, lobby: Room) -> None:
    private = rooms.create(alice, name="owls", kind="private")

    async def scenario() -> list[Message | BaseException]:
        group_commit = GroupCommit()
        drafts = [
            draft(bob, lobby, "a"),
            draft(bob, private, "b"),
            draft(bob, lobby, "c", " "),
            draft(bob, lobby, "d"),
        ]
        results = await outcomes(group_commit, drafts)
        await group_commit.close()
        return results

    first, stranger, empty, last = asyncio.run(scenario())
    assert isinstance(stranger, Room.DoesNotExist)
    assert type(empty).__name__ == "ValidationError"
    assert isinstance(first, Message)
    assert isinstance(last, Message)
    assert [first.number, last.number] == [1, 2]


def test_a_user_who_sends_a_lot_delays_no_other_user(alice: User, bob: User, lobby: Room) -> None:
    async def scenario() -> int:
        group_commit = GroupCommit()
        flood = [
            asyncio.ensure_future(group_commit.send(draft(bob, lobby, f"n{n}")))
            for n in range(5 * MAX_BATCH)
        ]
        await group_commit.send(draft(alice, lobby, "hello"))
        written = sum(each.done() for each in flood)
        await asyncio.gather(*flood, return_exceptions=True)
        await group_commit.close()
        return written

    assert asyncio.run(scenario()) < 2 * MAX_BATCH


def test_sends_beyond_the_users_limit_are_refused_at_once_and_no_others_are_lost(
    alice: User, bob: User, lobby: Room
) -> None:
    async def scenario() -> tuple[list[Message | BaseException], Message]:
        group_commit = GroupCommit()
        drafts = [draft(bob, lobby, f"n{n}") for n in range(MAX_QUEUED_PER_USER + 5)]
        flood = asyncio.ensure_future(outcomes(group_commit, drafts))
        await asyncio.sleep(0)  # wait until the sends are queued
        other = await group_commit.send(draft(alice, lobby, "hello"))
        results = await flood
        await group_commit.close()
        return results, other

    results, other = asyncio.run(scenario())
    assert all(isinstance(refused, TimeoutError) for refused in results[MAX_QUEUED_PER_USER:])
    saved = [message for message in results if isinstance(message, Message)]
    assert len(saved) == MAX_QUEUED_PER_USER
    assert other.nonce == "hello"
    assert not Message.objects.filter(nonce=f"n{MAX_QUEUED_PER_USER}").exists()


def test_full_queues_refuse_sends_until_there_is_space_again(
    monkeypatch: pytest.MonkeyPatch, alice: User, bob: User, lobby: Room
) -> None:
    monkeypatch.setattr("hubbub.realtime.commands.send_queues.MAX_QUEUED", 4)

    async def scenario() -> list[list[Message | BaseException]]:
        group_commit = GroupCommit()
        drafts = [draft(sender, lobby, str(n)) for n in range(3) for sender in (alice, bob)]
        results = [await outcomes(group_commit, drafts), await outcomes(group_commit, drafts[4:])]
        await group_commit.close()
        return results

    first, again = asyncio.run(scenario())
    assert [type(one) for one in first] == [Message] * 4 + [TimeoutError] * 2
    assert [type(one) for one in again] == [Message] * 2


@pytest.mark.deployment
def test_a_locked_room_delays_no_other_room_and_fails_after_two_seconds(
    monkeypatch: pytest.MonkeyPatch, usual_timeout: float, alice: User, lobby: Room
) -> None:
    free = rooms.create(alice, name="free", kind="public")
    waits = record_lock_waits(monkeypatch, "stuck")

    async def scenario() -> None:
        group_commit = GroupCommit()
        with room_locked(lobby):
            stuck = asyncio.ensure_future(group_commit.send(draft(alice, lobby, "stuck")))
            for n in range(5):
                await group_commit.send(draft(alice, free, f"free-{n}"))
            assert not stuck.done(), "the sends to the other room waited for the lock's timeout"
            with pytest.raises(OperationalError) as failed:
                await stuck
        assert is_lock_timeout(failed.value)
        await group_commit.close()

    asyncio.run(scenario())
    # The database keeps these timeouts exactly. On a busy machine, a measured time would be longer.
    assert sum(wait.milliseconds for wait in waits) == 2_000
    assert usual_timeout > 2, "the sender would not wait for the lock's timeout"
    assert not Message.objects.filter(nonce="stuck").exists()


@pytest.mark.deployment
def test_sends_to_a_locked_room_are_saved_in_order_once_it_is_unlocked(
    alice: User, lobby: Room
) -> None:
    free = rooms.create(alice, name="free", kind="public")

    async def scenario() -> list[int]:
        group_commit = GroupCommit()
        with room_locked(lobby):
            waiting = [asyncio.ensure_future(group_commit.send(draft(alice, lobby, "n0")))]
            # This message is saved in the same batch as the first one or in the next batch. So
            # afterwards, the group commit has found the lobby locked.
            await group_commit.send(draft(alice, free, "free"))
            for n in range(1, 20):
                waiting.append(
                    asyncio.ensure_future(group_commit.send(draft(alice, lobby, f"n{n}")))
                )
        results = await asyncio.gather(*waiting)
        await group_commit.close()
        return [message.number for message in results]

    assert asyncio.run(scenario()) == list(range(1, 21))


@pytest.mark.deployment
def test_a_nonce_in_another_open_transaction_delays_no_other_send(
    alice: User, bob: User, lobby: Room
) -> None:
    held = rooms.create(alice, name="held", kind="public")

    async def scenario() -> list[Message | BaseException]:
        group_commit = GroupCommit()
        drafts = [draft(alice, lobby, "held"), draft(bob, lobby, "free")]
        with in_another_transaction(lambda: send_many([draft(alice, held, "held")])):
            results = await outcomes(group_commit, drafts)  # both drafts are in the first batch
        await group_commit.close()
        return results

    stuck, other = asyncio.run(scenario())
    assert isinstance(stuck, OperationalError)
    assert is_lock_timeout(stuck)
    assert isinstance(other, Message)
    assert other.nonce == "free"


@pytest.mark.deployment
def test_neither_failed_batches_nor_locked_rooms_change_the_order(
    alice: User, bob: User, lobby: Room
) -> None:
    elsewhere = [rooms.create(bob, name=f"room {n}", kind="public") for n in range(2)]

    async def scenario() -> None:
        group_commits = GroupCommit(), GroupCommit()
        sent: list[Coroutine[None, None, Message]] = []
        for turn in range(4):
            with room_locked(lobby):
                for n in range(40):
                    for group_commit, sender, room in zip(
                        group_commits, (alice, bob), elsewhere, strict=True
                    ):
                        sent.append(group_commit.send(draft(sender, lobby, f"{turn:02}-{n:02}")))
                        # Both replicas get the same nonce, for different rooms.
                        sent.append(group_commit.send(draft(bob, room, f"same {turn} {n}")))
                tasks = [asyncio.ensure_future(each) for each in sent]
                sent.clear()
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            results = await asyncio.gather(*tasks, return_exceptions=True)
            answered.extend(each.nonce for each in results if isinstance(each, Message))
        await asyncio.gather(*(group_commit.close() for group_commit in group_commits))

    answered: list[str] = []
    asyncio.run(scenario())
    for sender in (alice, bob):
        results = Message.objects.filter(room=lobby, sender=sender).order_by("seq")
        nonces = list(results.values_list("nonce", flat=True))
        assert nonces == sorted(nonces)
    # On a slow machine, some sends time out, and each of those may have been saved or not.
    assert len(answered) > 400
    assert set(answered) <= set(Message.objects.values_list("nonce", flat=True))

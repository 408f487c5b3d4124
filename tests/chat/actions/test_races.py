"""Concurrent actions result in a valid log, whatever order they run in."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from hubbub.accounts.models import User
from hubbub.chat.actions import members, messages, rooms, users
from hubbub.chat.actions.send import send, send_many
from hubbub.chat.actions.send_batch import Draft
from hubbub.chat.models import Membership, Message, Room
from tests.support.recorded_events import State, read_events, read_state

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("charlie_in_harbour"),
    pytest.mark.timeout(120),
]

ROUNDS = 10


def test_two_users_who_open_a_direct_message_at_once_share_one_room(bob: User) -> None:
    for number in range(1, ROUNDS + 1):
        other = User.objects.create_user(f"person-{number:04}")
        opened = run_at_once(
            partial(rooms.open_direct, bob, user_id=other.pk),
            partial(rooms.open_direct, other, user_id=bob.pk),
        )
        assert opened[0] == opened[1]
        assert_log_is_valid(opened[0].pk)
    assert Room.objects.filter(kind="direct").count() == ROUNDS


def test_the_same_nonce_at_once_in_one_room_is_one_message(bob: User, harbour: Room) -> None:
    for number in range(ROUNDS):
        sent = run_at_once(
            partial(send, bob, room_id=harbour.pk, nonce=str(number), body="first"),
            partial(send, bob, room_id=harbour.pk, nonce=str(number), body="second"),
        )
        assert (sent[0].pk, sent[0].body) == (sent[1].pk, sent[1].body)
    assert assert_log_is_valid(harbour.pk).messages.keys() == set(message_ids())


def test_the_same_nonce_at_once_in_two_rooms_is_one_message(
    bob: User, harbour: Room, lobby: Room
) -> None:
    for number in range(ROUNDS):
        sent = run_at_once(
            partial(send, bob, room_id=harbour.pk, nonce=str(number), body="here"),
            partial(send, bob, room_id=lobby.pk, nonce=str(number), body="there"),
        )
        assert (sent[0].pk, sent[0].body) == (sent[1].pk, sent[1].body)
    assert len(message_ids()) == ROUNDS
    assert_log_is_valid(harbour.pk)
    assert_log_is_valid(lobby.pk)


def test_writers_into_many_rooms_never_deadlock(bob: User, charlie: User) -> None:
    many = [rooms.create(bob, name=f"Room {number}", kind="public").pk for number in range(8)]
    for room_id in many:
        members.join(charlie, room_id=room_id)

    def write(sender: User, seed: int) -> list[object]:
        rng = random.Random(seed)
        outcomes: list[object] = []
        for batch in range(ROUNDS):
            chosen = rng.sample(many, 5)
            # The four writers of a user form pairs. The two of a pair use the same nonces, but in
            # different rooms.
            nonces = [f"{seed // 2}.{batch}.{number}" for number in range(len(chosen))]
            pairs = zip(chosen, rng.sample(nonces, len(nonces)), strict=True)
            drafts = [Draft(sender.pk, room, nonce, "hello") for room, nonce in pairs]
            outcomes += send_many(drafts)
        return outcomes

    writers = [partial(write, sender, seed) for sender in (bob, charlie) for seed in range(4)]
    outcomes = [outcome for written in run_at_once(*writers) for outcome in written]
    assert [outcome for outcome in outcomes if not isinstance(outcome, Message)] == []
    assert {outcome.pk for outcome in outcomes} == set(message_ids())
    assert len(message_ids()) == 2 * 2 * ROUNDS * 5
    for room_id in many:
        assert_log_is_valid(room_id)


def test_removal_edit_deletion_and_send_at_once_leave_a_valid_log(
    bob: User, charlie: User, harbour: Room
) -> None:
    for number in range(ROUNDS):
        members.join(charlie, room_id=harbour.pk)
        first = send(charlie, room_id=harbour.pk, nonce=f"first {number}", body="Ahoi")
        run_at_once(
            partial(members.remove, bob, room_id=harbour.pk, user_id=charlie.pk),
            partial(send, charlie, room_id=harbour.pk, nonce=f"second {number}", body="bye"),
            partial(messages.edit, charlie, message_id=first.pk, body="Ahoy"),
            partial(messages.delete, bob, message_id=first.pk),
            allowed=PermissionDenied,
        )
    state = assert_log_is_valid(harbour.pk)
    assert charlie.pk not in state.members


def test_when_two_owners_leave_at_once_one_must_stay(
    bob: User, charlie: User, harbour: Room
) -> None:
    for _ in range(ROUNDS):
        owner = Membership.objects.filter(room=harbour, role="owner")[0].user
        other = bob if owner == charlie else charlie
        members.join(other, room_id=harbour.pk)
        members.change_role(owner, room_id=harbour.pk, user_id=other.pk, role="owner")
        run_at_once(
            partial(members.leave, bob, room_id=harbour.pk),
            partial(members.leave, charlie, room_id=harbour.pk),
            allowed=PermissionDenied,
        )
        assert list(assert_log_is_valid(harbour.pk).members.values()) == ["owner"]


def test_when_two_rooms_get_the_same_name_at_once_only_one_succeeds(bob: User) -> None:
    first, second = (rooms.create(bob, name=name, kind="public") for name in "ab")
    for number in range(ROUNDS):
        outcomes = run_at_once(
            partial(rooms.rename, bob, room_id=first.pk, name=f"Port {number}"),
            partial(rooms.rename, bob, room_id=second.pk, name=f"PORT {number}"),
            allowed=ValidationError,
        )
        assert {type(outcome) for outcome in outcomes} == {Room, ValidationError}
    assert_log_is_valid(first.pk)
    assert_log_is_valid(second.pk)


def test_bans_and_actions_of_the_banned_user_at_once_never_deadlock(
    alice: User, bob: User, charlie: User, harbour: Room
) -> None:
    def leave_and_rejoin() -> None:
        for number in range(ROUNDS):
            for act in (
                partial(members.leave, charlie, room_id=harbour.pk),
                partial(members.join, charlie, room_id=harbour.pk),
                partial(send, charlie, room_id=harbour.pk, nonce=str(number), body="hi"),
                partial(users.rename, charlie, name=f"Charlie {number}"),
            ):
                with suppress(PermissionDenied):
                    act()

    def ban_and_unban() -> None:
        for _ in range(2 * ROUNDS):
            users.ban(alice, user_id=charlie.pk)
            users.lift_ban(alice, user_id=charlie.pk)

    run_at_once(leave_and_rejoin, ban_and_unban)
    assert_log_is_valid(harbour.pk)


def run_at_once(*acts: Callable[[], Any], allowed: type[Exception] = AssertionError) -> list[Any]:
    """Run all functions at the same time, in threads. Return what each returned or raised."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(10)
            return act()
        except allowed as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def assert_log_is_valid(room_id: int) -> State:
    """Replay a room's log: every event was allowed at the time, and the final state is correct."""
    state, deleted = State(), set()
    for event in read_events(room_id):
        if event["type"] != "member.joined":
            assert event["actor"]["id"] in state.members, event
        message = event.get("message", {})
        if event["type"] == "message.edited":
            assert message["id"] not in deleted, event
        if event["type"] == "message.deleted":
            deleted.add(message["id"])
        state.apply(event)
    now = read_state(room_id)
    assert (state.members, state.messages, state.seq) == (now.members, now.messages, now.seq)
    return state


def message_ids() -> list[int]:
    return list(Message.objects.values_list("pk", flat=True))

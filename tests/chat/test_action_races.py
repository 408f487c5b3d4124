"""Actions at the same moment: whatever the order, the log is one that the rules allow."""

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

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

ROUNDS = 10


def test_two_who_open_a_conversation_at_once_meet_in_one_room(bob: User) -> None:
    for number in range(1, ROUNDS + 1):
        other = User.objects.create_user(f"person-{number:04}")
        opened = at_once(
            partial(rooms.open_direct, bob, user_id=other.pk),
            partial(rooms.open_direct, other, user_id=bob.pk),
        )
        assert opened[0] == opened[1]
        ensure_lawful(opened[0].pk)
    assert Room.objects.filter(kind="direct").count() == ROUNDS


def test_the_same_nonce_at_once_in_one_room_is_one_message(bob: User, harbour: Room) -> None:
    for number in range(ROUNDS):
        sent = at_once(
            partial(send, bob, room_id=harbour.pk, nonce=str(number), body="first"),
            partial(send, bob, room_id=harbour.pk, nonce=str(number), body="second"),
        )
        assert (sent[0].pk, sent[0].body) == (sent[1].pk, sent[1].body)
    assert ensure_lawful(harbour.pk).messages.keys() == set(ids_of_messages())


def test_the_same_nonce_at_once_in_two_rooms_is_one_message(
    bob: User, harbour: Room, lobby: Room
) -> None:
    for number in range(ROUNDS):
        sent = at_once(
            partial(send, bob, room_id=harbour.pk, nonce=str(number), body="here"),
            partial(send, bob, room_id=lobby.pk, nonce=str(number), body="there"),
        )
        assert (sent[0].pk, sent[0].body) == (sent[1].pk, sent[1].body)
    assert len(ids_of_messages()) == ROUNDS
    ensure_lawful(harbour.pk)
    ensure_lawful(lobby.pk)


def test_writers_into_many_rooms_never_deadlock(bob: User, charlie: User) -> None:
    many = [rooms.create(bob, name=f"Room {number}", kind="public").pk for number in range(8)]
    for room_id in many:
        members.join(charlie, room_id=room_id)

    def write(sender: User, seed: int) -> list[object]:
        dice = random.Random(seed)
        outcomes: list[object] = []
        for batch in range(ROUNDS):
            chosen = dice.sample(many, 5)
            # Two of the four writers of a person draw the same nonces, in other rooms.
            nonces = [f"{seed // 2}.{batch}.{number}" for number in range(len(chosen))]
            pairs = zip(chosen, dice.sample(nonces, len(nonces)), strict=True)
            drafts = [Draft(sender.pk, room, nonce, "hello") for room, nonce in pairs]
            outcomes += send_many(drafts)
        return outcomes

    writers = [partial(write, sender, seed) for sender in (bob, charlie) for seed in range(4)]
    outcomes = [outcome for written in at_once(*writers) for outcome in written]
    assert [outcome for outcome in outcomes if not isinstance(outcome, Message)] == []
    assert {outcome.pk for outcome in outcomes} == set(ids_of_messages())
    assert len(ids_of_messages()) == 2 * 2 * ROUNDS * 5
    for room_id in many:
        ensure_lawful(room_id)


def test_a_removal_an_edit_and_a_deletion_that_race_a_send_leave_a_lawful_log(
    bob: User, charlie: User, harbour: Room
) -> None:
    for number in range(ROUNDS):
        members.join(charlie, room_id=harbour.pk)
        first = send(charlie, room_id=harbour.pk, nonce=f"first {number}", body="Ahoi")
        at_once(
            partial(members.remove, bob, room_id=harbour.pk, user_id=charlie.pk),
            partial(send, charlie, room_id=harbour.pk, nonce=f"second {number}", body="bye"),
            partial(messages.edit, charlie, message_id=first.pk, body="Ahoy"),
            partial(messages.delete, bob, message_id=first.pk),
            allowed=PermissionDenied,
        )
    known = ensure_lawful(harbour.pk)
    assert charlie.pk not in known.members


def test_of_two_owners_who_leave_at_once_one_stays(bob: User, charlie: User, harbour: Room) -> None:
    for _ in range(ROUNDS):
        owner = Membership.objects.filter(room=harbour, role="owner")[0].user
        other = bob if owner == charlie else charlie
        members.join(other, room_id=harbour.pk)
        members.change_role(owner, room_id=harbour.pk, user_id=other.pk, role="owner")
        at_once(
            partial(members.leave, bob, room_id=harbour.pk),
            partial(members.leave, charlie, room_id=harbour.pk),
            allowed=PermissionDenied,
        )
        assert list(ensure_lawful(harbour.pk).members.values()) == ["owner"]


def test_of_two_rooms_renamed_alike_at_once_one_has_the_name(bob: User) -> None:
    first, second = (rooms.create(bob, name=name, kind="public") for name in "ab")
    for number in range(ROUNDS):
        outcomes = at_once(
            partial(rooms.rename, bob, room_id=first.pk, name=f"Port {number}"),
            partial(rooms.rename, bob, room_id=second.pk, name=f"PORT {number}"),
            allowed=ValidationError,
        )
        assert {type(outcome) for outcome in outcomes} == {Room, ValidationError}
    ensure_lawful(first.pk)
    ensure_lawful(second.pk)


def test_a_ban_and_what_the_banned_do_at_once_never_deadlock(
    alice: User, bob: User, charlie: User, harbour: Room
) -> None:
    def come_and_go() -> None:
        for number in range(ROUNDS):
            for act in (
                partial(members.leave, charlie, room_id=harbour.pk),
                partial(members.join, charlie, room_id=harbour.pk),
                partial(send, charlie, room_id=harbour.pk, nonce=str(number), body="hi"),
                partial(users.rename, charlie, name=f"Charlie {number}"),
            ):
                with suppress(PermissionDenied):
                    act()

    def ban_and_forgive() -> None:
        for _ in range(2 * ROUNDS):
            users.ban(alice, user_id=charlie.pk)
            users.lift_ban(alice, user_id=charlie.pk)

    at_once(come_and_go, ban_and_forgive)
    ensure_lawful(harbour.pk)


def at_once(*acts: Callable[[], Any], allowed: type[Exception] = AssertionError) -> list[Any]:
    """Start all at the same moment, each in its thread; return what each returned or raised."""
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


def ensure_lawful(room_id: int) -> State:
    """Read a room's log as whoever joins it late: nobody did what they could not at that point."""
    known, deleted = State(), set()
    for event in read_events(room_id):
        if event["type"] != "member.joined":
            assert event["actor"]["id"] in known.members, event
        message = event.get("message", {})
        if event["type"] == "message.edited":
            assert message["id"] not in deleted, event
        if event["type"] == "message.deleted":
            deleted.add(message["id"])
        known.apply(event)
    now = read_state(room_id)
    assert (known.members, known.messages, known.seq) == (now.members, now.messages, now.seq)
    return known


def ids_of_messages() -> list[int]:
    return list(Message.objects.values_list("pk", flat=True))

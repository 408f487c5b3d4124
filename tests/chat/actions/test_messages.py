"""Who may send, edit and delete messages, which events this records, and which data it removes."""

import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from hubbub.accounts.models import User
from hubbub.chat import queries
from hubbub.chat.actions import members, messages, read_marks, users
from hubbub.chat.actions.send import send, send_many
from hubbub.chat.actions.send_batch import Draft
from hubbub.chat.log_entries import new_message_entry, read_log
from hubbub.chat.models import Membership, Message, Room
from tests.support.recorded_events import read_events, records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("charlie_in_harbour")]


def test_sending_editing_and_deleting_record_events(bob: User, harbour: Room) -> None:
    with records(harbour.pk, "message.created"):
        sent = send(bob, room_id=harbour.pk, nonce="n", body="Ahoi")
    with records(harbour.pk, "message.edited"):
        messages.edit(bob, message_id=sent.pk, body="*Ahoy*")
        messages.edit(bob, message_id=sent.pk, body="*Ahoy* ")
    with records(harbour.pk, "message.deleted"):
        messages.delete(bob, message_id=sent.pk)
        messages.delete(bob, message_id=sent.pk)


def test_a_message_counts_as_unread_and_an_edit_does_not(
    bob: User, charlie: User, harbour: Room
) -> None:
    sent = send(bob, room_id=harbour.pk, nonce="n", body="Ahoi")
    messages.edit(bob, message_id=sent.pk, body="Ahoy")
    seen = queries.room_for(charlie, harbour.pk)
    assert seen["messages"] - seen["read"] == 1
    own = queries.room_for(bob, harbour.pk)
    assert own["messages"] - own["read"] == 0


def test_a_repeated_nonce_returns_the_first_message_even_with_another_body(
    bob: User, charlie: User, harbour: Room, lobby: Room
) -> None:
    first = send(bob, room_id=harbour.pk, nonce="n", body="first")
    with records(harbour.pk), records(lobby.pk):
        assert send(bob, room_id=harbour.pk, nonce="n", body="second") == first
        assert send(bob, room_id=lobby.pk, nonce="n", body="third") == first
    with records(harbour.pk, "message.created"):
        send(charlie, room_id=harbour.pk, nonce="n", body="mine has the same nonce")


def test_a_batch_is_numbered_in_order_and_one_error_stops_no_other_draft(
    alice: User, bob: User, charlie: User, harbour: Room, lobby: Room
) -> None:
    drafts = [
        Draft(bob.pk, harbour.pk, "1", "one"),
        Draft(alice.pk, harbour.pk, "1", "alice is not in this room"),
        Draft(bob.pk, harbour.pk, "2", " "),
        Draft(bob.pk, 2**70, "3", "no room has such an id"),
        Draft(bob.pk, harbour.pk, "a\0b", "no database takes this nonce"),
        Draft(bob.pk, harbour.pk, "\ud800", "nor this"),
        Draft(bob.pk, harbour.pk, "4", "what?", reply_to_id=2**70),
        Draft(charlie.pk, harbour.pk, "1", "two"),
        Draft(bob.pk, harbour.pk, "1", "one again"),
        Draft(bob.pk, lobby.pk, "5", "elsewhere"),
    ]
    with records(harbour.pk, "message.created", "message.created"):
        outcomes = send_many(drafts)
    results = [one.body if isinstance(one, Message) else type(one) for one in outcomes]
    assert results == [
        "one",
        PermissionDenied,
        ValidationError,
        ValidationError,
        ValidationError,
        ValidationError,
        ValidationError,
        "two",
        "one",
        "elsewhere",
    ]


def test_a_removed_member_can_neither_send_nor_edit(
    bob: User, charlie: User, harbour: Room
) -> None:
    sent = send(charlie, room_id=harbour.pk, nonce="n", body="Ahoy")
    members.remove(bob, room_id=harbour.pk, user_id=charlie.pk)
    with records(harbour.pk):
        with pytest.raises(PermissionDenied):
            send(charlie, room_id=harbour.pk, nonce="m", body="still here")
        with pytest.raises(PermissionDenied):
            messages.edit(charlie, message_id=sent.pk, body="Boo")


def test_banned_users_cannot_send(alice: User, charlie: User, harbour: Room) -> None:
    users.ban(alice, user_id=charlie.pk)
    with records(harbour.pk), pytest.raises(PermissionDenied):
        send(charlie, room_id=harbour.pk, nonce="n", body="Ahoy")


def test_moderators_can_delete_any_message_but_edit_only_their_own(
    bob: User, charlie: User, dana: User, harbour: Room
) -> None:
    members.join(dana, room_id=harbour.pk)
    sent = send(bob, room_id=harbour.pk, nonce="n", body="Ahoy")
    for stranger in (charlie, dana):
        with records(harbour.pk), pytest.raises(PermissionDenied):
            messages.delete(stranger, message_id=sent.pk)
    members.change_role(bob, room_id=harbour.pk, user_id=dana.pk, role="moderator")
    with records(harbour.pk), pytest.raises(PermissionDenied):
        messages.edit(dana, message_id=sent.pk, body="Boo")
    with records(harbour.pk, "message.deleted"):
        messages.delete(dana, message_id=sent.pk)


def test_the_text_of_a_deleted_message_is_in_no_table(bob: User, harbour: Room) -> None:
    secret = send(bob, room_id=harbour.pk, nonce="n", body="**xyzzy**")
    messages.edit(bob, message_id=secret.pk, body="**xyzzy** twice")
    send(bob, room_id=harbour.pk, nonce="m", body="See above", reply_to_id=secret.pk)
    assert "xyzzy" in str(read_events(harbour.pk))
    assert "xyzzy" in everything_stored()
    messages.delete(bob, message_id=secret.pk)
    assert "xyzzy" not in str(read_events(harbour.pk))
    assert "xyzzy" not in str(queries.messages_page(bob, harbour.pk))
    assert "xyzzy" not in everything_stored()


def test_a_deleted_message_cannot_be_edited(bob: User, harbour: Room) -> None:
    sent = send(bob, room_id=harbour.pk, nonce="n", body="Ahoy")
    messages.delete(bob, message_id=sent.pk)
    with records(harbour.pk), pytest.raises(PermissionDenied, match="deleted"):
        messages.edit(bob, message_id=sent.pk, body="Ahoy")


def test_repeating_the_nonce_of_a_deleted_message_does_not_restore_it(
    bob: User, harbour: Room
) -> None:
    sent = send(bob, room_id=harbour.pk, nonce="n", body="Ahoy")
    messages.delete(bob, message_id=sent.pk)
    with records(harbour.pk):
        assert send(bob, room_id=harbour.pk, nonce="n", body="Ahoy").body == ""


def test_a_reply_must_refer_to_a_message_in_the_same_room(
    bob: User, harbour: Room, lobby: Room
) -> None:
    elsewhere = send(bob, room_id=lobby.pk, nonce="n", body="in the lobby")
    with records(harbour.pk), pytest.raises(ValidationError):
        send(bob, room_id=harbour.pk, nonce="m", body="re", reply_to_id=elsewhere.pk)


def test_a_new_message_is_published_as_the_log_has_it(bob: User, harbour: Room) -> None:
    first = send(bob, room_id=harbour.pk, nonce="n", body="Ahoy")
    reply = send(bob, room_id=harbour.pk, nonce="m", body="*re*", reply_to_id=first.pk)
    for message in (first, reply):
        [read] = read_log(harbour.pk, message.seq - 1, 1)
        records = new_message_entry(message)
        assert json.loads(records.text) == json.loads(read.text)
        assert records._replace(text=read.text) == read


def test_a_read_mark_records_no_event(bob: User, charlie: User, harbour: Room) -> None:
    send(bob, room_id=harbour.pk, nonce="n", body="Ahoy")
    with records(harbour.pk):
        assert read_marks.mark({(charlie.pk, harbour.pk): 5}) == {(charlie.pk, harbour.pk): 1}
        assert read_marks.mark({(charlie.pk, harbour.pk): 0, (charlie.pk, 10**12): 3}) == {}
    assert Membership.objects.get(room=harbour, user=charlie).read == 1


def test_any_number_of_read_marks_can_move_at_once(bob: User, harbour: Room) -> None:
    send(bob, room_id=harbour.pk, nonce="n", body="Ahoy")
    people = User.objects.bulk_create(
        User(username=f"person-{number:04}", email=f"person-{number:04}@example.org")
        for number in range(1, 1_301)
    )
    Membership.objects.bulk_create(Membership(room=harbour, user=person) for person in people)
    marks = {(person.pk, harbour.pk): 1 for person in people}
    others = {(bob.pk, 10**9 + number): 1 for number in range(1_300)}
    assert read_marks.mark(marks | others) == marks
    assert read_marks.mark(marks) == {}


def everything_stored() -> str:
    """Return every row of every table of the chat app, as text."""
    text = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith("chat_"):
                cursor.execute(f'SELECT * FROM "{table}"')
                text.append(str(cursor.fetchall()))
    return "\n".join(text)

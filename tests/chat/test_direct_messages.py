"""Direct conversations: a room of two, found again, never doubled, never changed."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from hubbub.accounts.models import User
from hubbub.chat import queries
from hubbub.chat.actions import members, messages, rooms, users
from hubbub.chat.actions.send import send
from hubbub.chat.models import Room, WorkspaceEvent
from tests.support.recorded_events import read_events, records

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(bob: User, charlie: User) -> Room:
    return rooms.open_direct(bob, user_id=charlie.pk)


def test_it_is_found_again_from_either_side(bob: User, charlie: User, talk: Room) -> None:
    with records(talk.pk):
        assert rooms.open_direct(bob, user_id=charlie.pk) == talk
        assert rooms.open_direct(charlie, user_id=bob.pk) == talk
    assert [event["user"]["id"] for event in read_events(talk.pk)] == [bob.pk, charlie.pk]


def test_both_are_told_of_it_wherever_they_are(bob: User, charlie: User, talk: Room) -> None:
    heard = WorkspaceEvent.objects.filter(room=talk, type="member.joined")
    assert {event.user_id for event in heard} == {bob.pk, charlie.pk}


def test_each_sees_the_other_s_name_also_after_they_changed_it(
    bob: User, charlie: User, talk: Room
) -> None:
    users.rename(charlie, name="Karl")
    assert queries.room_for(bob, talk.pk)["name"] == "Karl"
    assert queries.room_for(charlie, talk.pk)["name"] == "Bob"


def test_both_talk_in_it_and_nobody_else(alice: User, bob: User, charlie: User, talk: Room) -> None:
    with records(talk.pk, "message.created", "message.created"):
        sent = send(bob, room_id=talk.pk, nonce="n", body="psst")
        send(charlie, room_id=talk.pk, nonce="n", body="what?")
    with records(talk.pk), pytest.raises(Room.DoesNotExist):
        send(alice, room_id=talk.pk, nonce="n", body="me too")
    with pytest.raises(Room.DoesNotExist):
        queries.messages_page(alice, talk.pk)
    with records(talk.pk), pytest.raises(PermissionDenied):
        messages.delete(charlie, message_id=sent.pk)


def test_it_stays_as_it_is(alice: User, bob: User, charlie: User, talk: Room) -> None:
    for refused in (
        lambda: members.leave(bob, room_id=talk.pk),
        lambda: members.invite(bob, room_id=talk.pk, user_id=alice.pk),
        lambda: members.remove(bob, room_id=talk.pk, user_id=charlie.pk),
        lambda: members.change_role(bob, room_id=talk.pk, user_id=bob.pk, role="owner"),
        lambda: rooms.rename(bob, room_id=talk.pk, name="Us"),
        lambda: rooms.set_topic(bob, room_id=talk.pk, topic="Us"),
        lambda: rooms.archive(bob, room_id=talk.pk),
        lambda: rooms.archive(alice, room_id=talk.pk),
    ):
        with records(talk.pk), pytest.raises(PermissionDenied):
            refused()


def test_it_is_in_no_directory(alice: User, bob: User, talk: Room) -> None:
    for archived in (False, True):
        found = queries.directory(bob, archived=archived)
        assert talk.pk not in [room["id"] for room in found]


def test_none_is_opened_with_oneself_or_with_who_cannot_answer(
    alice: User, bob: User, charlie: User
) -> None:
    with pytest.raises(ValidationError):
        rooms.open_direct(bob, user_id=bob.pk)
    users.ban(alice, user_id=charlie.pk)
    with pytest.raises(User.DoesNotExist):
        rooms.open_direct(bob, user_id=charlie.pk)
    assert not Room.objects.filter(kind="direct").exists()

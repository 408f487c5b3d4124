"""Two users share exactly one direct message, which they cannot change."""

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
def direct(bob: User, charlie: User) -> Room:
    return rooms.open_direct(bob, user_id=charlie.pk)


def test_either_user_opens_the_same_room_again(bob: User, charlie: User, direct: Room) -> None:
    with records(direct.pk):
        assert rooms.open_direct(bob, user_id=charlie.pk) == direct
        assert rooms.open_direct(charlie, user_id=bob.pk) == direct
    assert [event["user"]["id"] for event in read_events(direct.pk)] == [bob.pk, charlie.pk]


def test_both_users_joining_is_recorded_in_the_workspace_log(
    bob: User, charlie: User, direct: Room
) -> None:
    events = WorkspaceEvent.objects.filter(room=direct, type="member.joined")
    assert {event.user_id for event in events} == {bob.pk, charlie.pk}


def test_each_sees_the_current_name_of_the_other(bob: User, charlie: User, direct: Room) -> None:
    users.rename(charlie, name="Karl")
    assert queries.room_for(bob, direct.pk)["name"] == "Karl"
    assert queries.room_for(charlie, direct.pk)["name"] == "Bob"


def test_only_the_two_users_can_read_and_write(
    alice: User, bob: User, charlie: User, direct: Room
) -> None:
    with records(direct.pk, "message.created", "message.created"):
        sent = send(bob, room_id=direct.pk, nonce="n", body="psst")
        send(charlie, room_id=direct.pk, nonce="n", body="what?")
    with records(direct.pk), pytest.raises(Room.DoesNotExist):
        send(alice, room_id=direct.pk, nonce="n", body="me too")
    with pytest.raises(Room.DoesNotExist):
        queries.messages_page(alice, direct.pk)
    with records(direct.pk), pytest.raises(PermissionDenied):
        messages.delete(charlie, message_id=sent.pk)


def test_a_direct_message_cannot_be_changed(
    alice: User, bob: User, charlie: User, direct: Room
) -> None:
    for refused in (
        lambda: members.leave(bob, room_id=direct.pk),
        lambda: members.invite(bob, room_id=direct.pk, user_id=alice.pk),
        lambda: members.remove(bob, room_id=direct.pk, user_id=charlie.pk),
        lambda: members.change_role(bob, room_id=direct.pk, user_id=bob.pk, role="owner"),
        lambda: rooms.rename(bob, room_id=direct.pk, name="Us"),
        lambda: rooms.set_topic(bob, room_id=direct.pk, topic="Us"),
        lambda: rooms.archive(bob, room_id=direct.pk),
        lambda: rooms.archive(alice, room_id=direct.pk),
    ):
        with records(direct.pk), pytest.raises(PermissionDenied):
            refused()


def test_a_direct_message_is_in_no_directory(alice: User, bob: User, direct: Room) -> None:
    for archived in (False, True):
        found = queries.directory(bob, archived=archived)
        assert direct.pk not in [room["id"] for room in found]


def test_a_direct_message_with_oneself_or_a_banned_user_is_refused(
    alice: User, bob: User, charlie: User
) -> None:
    with pytest.raises(ValidationError):
        rooms.open_direct(bob, user_id=bob.pk)
    users.ban(alice, user_id=charlie.pk)
    with pytest.raises(User.DoesNotExist):
        rooms.open_direct(bob, user_id=charlie.pk)
    assert not Room.objects.filter(kind="direct").exists()

"""Who may create, rename and archive rooms, and which events this records."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from hubbub.accounts.models import User
from hubbub.chat.actions import members, rooms, users
from hubbub.chat.actions.send import send
from hubbub.chat.models import Membership, Room, WorkspaceEvent
from tests.support.recorded_events import State, read_events, read_state, records

pytestmark = pytest.mark.django_db


def test_a_new_room_records_that_its_owner_joined(bob: User, harbour: Room) -> None:
    known = State("Harbour")
    for event in read_events(harbour.pk):
        known.apply(event)
    assert known == read_state(harbour.pk)
    assert known.members == {bob.pk: "owner"}


def test_a_new_membership_is_recorded_in_the_workspace_log(bob: User, harbour: Room) -> None:
    event = WorkspaceEvent.objects.order_by("-seq")[0]
    assert (event.type, event.user_id, event.room_id) == ("member.joined", bob.pk, harbour.pk)


@pytest.mark.parametrize("name", ["harbour", "HARBOUR", " Harbour ", "Har\u0062our"])
def test_room_names_are_unique(bob: User, harbour: Room, name: str) -> None:
    with pytest.raises(ValidationError, match="already"):
        rooms.create(bob, name=name, kind="private")
    other = rooms.create(bob, name="Other", kind="public")
    with pytest.raises(ValidationError, match="already"):
        rooms.rename(bob, room_id=other.pk, name=name)


def test_names_that_look_the_same_are_equal(bob: User) -> None:
    rooms.create(bob, name="Cafe\u0301", kind="public")
    for same in ("Caf\u00e9", "CAF\u00c9"):
        with pytest.raises(ValidationError):
            rooms.create(bob, name=same, kind="public")
    rooms.create(bob, name="Stra\u00dfe", kind="public")
    with pytest.raises(ValidationError):
        rooms.create(bob, name="STRASSE", kind="public")


@pytest.mark.parametrize("name", ["lob\u200bby", "Har\u202ebour", "a\x07b"])
def test_names_with_invisible_characters_are_refused(bob: User, name: str) -> None:
    with pytest.raises(ValidationError):
        rooms.create(bob, name=name, kind="public")


def test_the_longest_name_in_any_script_fits(bob: User) -> None:
    room = rooms.create(bob, name="\u0390" * 80, kind="public")
    assert len(room.name_key or "") == 240


def test_renaming_is_recorded_once(bob: User, harbour: Room) -> None:
    with records(harbour.pk, "room.renamed"):
        rooms.rename(bob, room_id=harbour.pk, name="Port")
    with records(harbour.pk):
        rooms.rename(bob, room_id=harbour.pk, name=" Port ")
    with records(harbour.pk, "room.renamed"):
        rooms.rename(bob, room_id=harbour.pk, name="PORT")


def test_a_changed_topic_is_recorded_once(bob: User, harbour: Room) -> None:
    with records(harbour.pk, "room.topic_changed"):
        rooms.set_topic(bob, room_id=harbour.pk, topic="Ships\nand more")
    with records(harbour.pk):
        rooms.set_topic(bob, room_id=harbour.pk, topic="Ships and more")
    with records(harbour.pk, "room.topic_changed"):
        rooms.set_topic(bob, room_id=harbour.pk, topic="")


def test_archiving_and_restoring_are_recorded_once_each(bob: User, harbour: Room) -> None:
    with records(harbour.pk, "room.archived"):
        rooms.archive(bob, room_id=harbour.pk)
        rooms.archive(bob, room_id=harbour.pk)
    with records(harbour.pk, "room.restored"):
        rooms.restore(bob, room_id=harbour.pk)
        rooms.restore(bob, room_id=harbour.pk)


def test_an_archived_room_cannot_be_changed(bob: User, charlie: User, harbour: Room) -> None:
    rooms.archive(bob, room_id=harbour.pk)
    with records(harbour.pk):
        for refused in (
            lambda: rooms.rename(bob, room_id=harbour.pk, name="Port"),
            lambda: rooms.set_topic(bob, room_id=harbour.pk, topic="Ships"),
            lambda: members.join(charlie, room_id=harbour.pk),
            lambda: members.invite(bob, room_id=harbour.pk, user_id=charlie.pk),
            lambda: send(bob, room_id=harbour.pk, nonce="n", body="hello"),
        ):
            with pytest.raises(PermissionDenied, match="archived"):
                refused()


def test_moderators_can_rename_a_room_but_only_owners_can_archive_it(
    bob: User, dana: User, harbour: Room
) -> None:
    members.join(dana, room_id=harbour.pk)
    members.change_role(bob, room_id=harbour.pk, user_id=dana.pk, role="moderator")
    with records(harbour.pk, "room.renamed"):
        rooms.rename(dana, room_id=harbour.pk, name="Port")
    with pytest.raises(PermissionDenied):
        rooms.archive(dana, room_id=harbour.pk)


def test_a_workspace_owner_can_archive_a_room_without_being_in_it(
    alice: User, harbour: Room
) -> None:
    with records(harbour.pk, "room.archived"):
        rooms.archive(alice, room_id=harbour.pk)
    assert not Membership.objects.filter(room=harbour, user=alice).exists()


def test_a_workspace_owner_has_no_access_to_private_rooms(alice: User, bob: User) -> None:
    den = rooms.create(bob, name="Den", kind="private")
    for refused in (
        lambda: members.join(alice, room_id=den.pk),
        lambda: members.invite(alice, room_id=den.pk, user_id=alice.pk),
        lambda: members.change_role(alice, room_id=den.pk, user_id=bob.pk, role="member"),
        lambda: members.remove(alice, room_id=den.pk, user_id=bob.pk),
        lambda: rooms.rename(alice, room_id=den.pk, name="Mine"),
        lambda: send(alice, room_id=den.pk, nonce="n", body="hello"),
    ):
        with records(den.pk), pytest.raises(Room.DoesNotExist):
            refused()


def test_not_even_a_workspace_owner_can_archive_the_lobby(alice: User, lobby: Room) -> None:
    with records(lobby.pk), pytest.raises(PermissionDenied, match="lobby"):
        rooms.archive(alice, room_id=lobby.pk)


def test_a_new_workspace_owner_becomes_owner_of_the_lobby(bob: User, lobby: Room) -> None:
    with records(lobby.pk, "member.role_changed"):
        users.make_owner(bob)
        users.make_owner(bob)


def test_banned_users_cannot_create_rooms(alice: User, bob: User) -> None:
    users.ban(alice, user_id=bob.pk)
    with pytest.raises(PermissionDenied):
        rooms.create(bob, name="Hideout", kind="private")

"""Who may join, leave, invite, remove and change roles, and which events this records."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from hubbub.accounts.models import User
from hubbub.chat.actions import members, users
from hubbub.chat.actions.send import send
from hubbub.chat.models import Membership, Room, WorkspaceEvent
from tests.support.recorded_events import records

pytestmark = pytest.mark.django_db


def test_every_user_starts_in_the_lobby(alice: User, bob: User, lobby: Room) -> None:
    assert lobby.memberships.get(user=bob).role == "member"
    assert lobby.memberships.get(user=alice).role == "owner"


def test_joining_twice_records_one_event(charlie: User, harbour: Room) -> None:
    with records(harbour.pk, "member.joined"):
        members.join(charlie, room_id=harbour.pk)
        members.join(charlie, room_id=harbour.pk)


def test_a_new_member_has_nothing_unread(bob: User, charlie: User, harbour: Room) -> None:
    send(bob, room_id=harbour.pk, nonce="n", body="before you came")
    assert members.join(charlie, room_id=harbour.pk).read == 1


def test_a_private_room_cannot_be_joined_without_an_invitation(charlie: User, den: Room) -> None:
    with records(den.pk), pytest.raises(Room.DoesNotExist):
        members.join(charlie, room_id=den.pk)
    with records(den.pk), pytest.raises(Room.DoesNotExist):
        members.leave(charlie, room_id=den.pk)


def test_leaving_is_recorded_in_the_room_and_the_workspace_log(
    charlie: User, harbour: Room
) -> None:
    members.join(charlie, room_id=harbour.pk)
    with records(harbour.pk, "member.left"):
        members.leave(charlie, room_id=harbour.pk)
        members.leave(charlie, room_id=harbour.pk)
    event = WorkspaceEvent.objects.order_by("-seq")[0]
    assert (event.type, event.user_id, event.data) == (
        "member.left",
        charlie.pk,
        {"reason": "left"},
    )


def test_the_last_owner_must_appoint_another_owner_before_leaving(
    bob: User, charlie: User, harbour: Room
) -> None:
    members.join(charlie, room_id=harbour.pk)
    with records(harbour.pk), pytest.raises(PermissionDenied, match="Make someone else an owner"):
        members.leave(bob, room_id=harbour.pk)
    with records(harbour.pk, "member.role_changed", "member.left"):
        members.change_role(bob, room_id=harbour.pk, user_id=charlie.pk, role="owner")
        members.leave(bob, room_id=harbour.pk)


def test_the_last_member_must_archive_the_room_instead_of_leaving(bob: User, den: Room) -> None:
    with records(den.pk), pytest.raises(PermissionDenied, match="Archive the room instead"):
        members.leave(bob, room_id=den.pk)


def test_any_member_can_invite_and_inviting_twice_records_one_event(
    bob: User, charlie: User, dana: User, den: Room
) -> None:
    with records(den.pk, "member.joined", "member.joined"):
        members.invite(bob, room_id=den.pk, user_id=charlie.pk)
        members.invite(charlie, room_id=den.pk, user_id=dana.pk)
        members.invite(charlie, room_id=den.pk, user_id=dana.pk)


def test_banned_users_cannot_be_invited(alice: User, bob: User, charlie: User, den: Room) -> None:
    users.ban(alice, user_id=charlie.pk)
    with records(den.pk), pytest.raises(PermissionDenied):
        members.invite(bob, room_id=den.pk, user_id=charlie.pk)


def test_moderators_can_remove_members_but_not_moderators(
    bob: User, charlie: User, dana: User, den: Room
) -> None:
    for person in (charlie, dana):
        members.invite(bob, room_id=den.pk, user_id=person.pk)
    members.change_role(bob, room_id=den.pk, user_id=dana.pk, role="moderator")
    for actor, other in ((charlie, dana), (dana, bob), (dana, dana)):
        with records(den.pk), pytest.raises(PermissionDenied):
            members.remove(actor, room_id=den.pk, user_id=other.pk)
    with records(den.pk, "member.left", "member.left"):
        members.remove(dana, room_id=den.pk, user_id=charlie.pk)
        members.remove(bob, room_id=den.pk, user_id=dana.pk)
    with pytest.raises(Membership.DoesNotExist):
        members.remove(bob, room_id=den.pk, user_id=dana.pk)


def test_no_user_can_leave_or_be_removed_from_the_lobby(
    alice: User, bob: User, lobby: Room
) -> None:
    with records(lobby.pk), pytest.raises(PermissionDenied, match="lobby"):
        members.leave(bob, room_id=lobby.pk)
    with records(lobby.pk), pytest.raises(PermissionDenied, match="lobby"):
        members.remove(alice, room_id=lobby.pk, user_id=bob.pk)


def test_a_room_always_has_an_owner(bob: User, charlie: User, den: Room) -> None:
    members.invite(bob, room_id=den.pk, user_id=charlie.pk)
    with records(den.pk), pytest.raises(PermissionDenied, match="needs an owner"):
        members.change_role(bob, room_id=den.pk, user_id=bob.pk, role="member")
    with records(den.pk):
        members.change_role(bob, room_id=den.pk, user_id=bob.pk, role="owner")


def test_only_owners_can_give_roles_and_only_existing_ones(
    bob: User, charlie: User, den: Room
) -> None:
    members.invite(bob, room_id=den.pk, user_id=charlie.pk)
    with records(den.pk), pytest.raises(PermissionDenied):
        members.change_role(charlie, room_id=den.pk, user_id=charlie.pk, role="owner")
    with records(den.pk), pytest.raises(ValidationError):
        members.change_role(bob, room_id=den.pk, user_id=charlie.pk, role="admin")
    with records(den.pk, "member.role_changed"):
        members.change_role(bob, room_id=den.pk, user_id=charlie.pk, role="moderator")

"""The table of who may do what. The rows are never saved to a database."""

from collections.abc import Callable
from functools import partial
from itertools import product

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from hubbub.accounts.models import User
from hubbub.chat import policies
from hubbub.chat.models import Membership, Message, Room

ROLES = ["owner", "moderator", "member", None]
KINDS = ["public", "private", "direct"]

ACTOR = User(pk=1, username="bob")
OTHER = User(pk=2, username="charlie")


def room(kind: str = "public", *, lobby: bool = False, archived: bool = False) -> Room:
    at = timezone.now() if archived else None
    return Room(pk=1, kind=kind, is_lobby=lobby, archived_at=at, members=3)


def member(role: str | None, user: User = ACTOR) -> Membership | None:
    return None if role is None else Membership(user=user, room_id=1, role=role)


def other(role: str) -> Membership:
    return Membership(user=OTHER, room_id=1, role=role)


def allowed(ensure: Callable[[], object]) -> bool:
    try:
        ensure()
    except (PermissionDenied, Room.DoesNotExist):
        return False
    return True


def roles_allowed(ensure: Callable[[Membership | None], object]) -> list[str | None]:
    return [role for role in ROLES if allowed(partial(ensure, member(role)))]


@pytest.mark.parametrize("kind", KINDS)
def test_only_members_can_read_and_write(kind: str) -> None:
    at = room(kind)
    assert roles_allowed(lambda own: policies.ensure_may_read(at, own)) == ROLES[:3]
    assert roles_allowed(lambda own: policies.ensure_may_write(ACTOR, at, own)) == ROLES[:3]


@pytest.mark.parametrize("kind", KINDS)
def test_members_can_read_an_archived_room_but_not_write(kind: str) -> None:
    at = room(kind, archived=True)
    assert roles_allowed(lambda own: policies.ensure_may_read(at, own)) == ROLES[:3]
    assert roles_allowed(lambda own: policies.ensure_may_write(ACTOR, at, own)) == []


def test_for_others_a_private_room_does_not_exist() -> None:
    for kind in ("private", "direct"):
        with pytest.raises(Room.DoesNotExist):
            policies.ensure_may_read(room(kind), None)
        with pytest.raises(Room.DoesNotExist):
            policies.ensure_may_join(ACTOR, room(kind))
    with pytest.raises(PermissionDenied, match="Join"):
        policies.ensure_may_read(room(), None)


def test_owners_and_moderators_can_change_a_room() -> None:
    for kind, expected in (("public", ROLES[:2]), ("private", ROLES[:2]), ("direct", [])):
        found = roles_allowed(partial(policies.ensure_may_change, ACTOR, room(kind)))
        assert found == expected


def test_room_owners_and_workspace_owners_can_archive() -> None:
    boss = User(pk=1, username="alice", is_superuser=True)
    for actor, kind, lobby in product((ACTOR, boss), KINDS, (False, True)):
        at = room(kind, lobby=lobby)
        found = roles_allowed(partial(policies.ensure_may_archive, actor, at))
        fixed = lobby or kind == "direct"
        assert found == ([] if fixed else ROLES if actor is boss else ["owner"])


def test_moderators_can_remove_members_and_owners_anyone_else() -> None:
    expected = {"owner": ["owner"], "moderator": ["owner"], "member": ["owner", "moderator"]}
    for role, by in expected.items():
        remove = partial(policies.ensure_may_remove, ACTOR, room(), removed=other(role))
        assert roles_allowed(remove) == by


def test_users_edit_their_own_messages_and_moderators_delete_any() -> None:
    own_message, other_message = Message(sender=ACTOR), Message(sender=OTHER)
    at = room("private")

    def may_edit(message: Message) -> list[str | None]:
        return roles_allowed(lambda own: policies.ensure_may_edit(ACTOR, at, own, message))

    def may_delete(message: Message) -> list[str | None]:
        return roles_allowed(lambda own: policies.ensure_may_delete(ACTOR, at, own, message))

    assert (may_edit(own_message), may_edit(other_message)) == (ROLES[:3], [])
    assert (may_delete(own_message), may_delete(other_message)) == (ROLES[:3], ROLES[:2])


def test_in_an_archived_room_messages_can_be_deleted_but_not_edited() -> None:
    at, message = room(archived=True), Message(sender=ACTOR)
    policies.ensure_may_delete(ACTOR, at, member("member"), message)
    with pytest.raises(PermissionDenied):
        policies.ensure_may_edit(ACTOR, at, member("member"), message)


@given(
    role=st.sampled_from(ROLES),
    kind=st.sampled_from(KINDS),
    archived=st.booleans(),
    owns_workspace=st.booleans(),
    banned=st.booleans(),
)
def test_banned_and_deactivated_users_may_do_nothing(
    role: str | None, kind: str, archived: bool, owns_workspace: bool, banned: bool
) -> None:
    at, own = room(kind, archived=archived), member(role)
    actor = User(pk=1, is_superuser=owns_workspace, is_active=banned)
    actor.banned_at = timezone.now() if banned else None
    message = Message(sender=actor)
    for ensure in (
        lambda: policies.ensure_may_write(actor, at, own),
        lambda: policies.ensure_may_join(actor, at),
        lambda: policies.ensure_may_change(actor, at, own),
        lambda: policies.ensure_may_archive(actor, at, own),
        lambda: policies.ensure_may_invite(actor, at, own, OTHER),
        lambda: policies.ensure_may_remove(actor, at, own, other("member")),
        lambda: policies.ensure_may_change_role(actor, at, own, other("member"), "owner", 1),
        lambda: policies.ensure_may_edit(actor, at, own, message),
        lambda: policies.ensure_may_delete(actor, at, own, message),
        lambda: policies.ensure_is_workspace_owner(actor),
    ):
        assert not allowed(ensure)


@given(
    role=st.sampled_from(["owner", "moderator", "member"]),
    others=st.integers(min_value=0, max_value=3),
    members=st.integers(min_value=1, max_value=5),
)
def test_only_the_last_owner_must_stay_owner(role: str, others: int, members: int) -> None:
    at, own = room(), member(role)
    at.members = members
    assert own is not None
    leaves = allowed(lambda: policies.ensure_may_leave(at, own, others))
    assert leaves == (role != "owner" or others > 0)
    steps_down = allowed(
        lambda: policies.ensure_may_change_role(ACTOR, at, own, own, "member", others)
    )
    assert steps_down == (role == "owner" and others > 0)

"""Who is in a room: join, leave, invite, remove, give a role."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from hubbub.accounts.models import User
from hubbub.chat import policies
from hubbub.chat.actions.room_lock import lock_room
from hubbub.chat.events import record, record_workspace_event
from hubbub.chat.models import Membership, Room


@transaction.atomic
def join(actor: User, *, room_id: int) -> Membership:
    """Enter a public room. Being in it already changes nothing."""
    scope = lock_room(actor, room_id)
    if scope.membership is not None:
        return scope.membership
    policies.ensure_may_join(scope.actor, scope.room)
    return add_member(scope.room, scope.actor, actor=scope.actor)


@transaction.atomic
def leave(actor: User, *, room_id: int) -> None:
    """Leave a room. Not being in it changes nothing for a public one."""
    scope = lock_room(actor, room_id)
    if scope.membership is None:
        if not scope.room.is_public:
            raise Room.DoesNotExist
        return
    policies.ensure_may_leave(scope.room, scope.membership, scope.other_owners(scope.membership))
    _put_out(scope.membership, actor=scope.actor, reason="left")


@transaction.atomic
def invite(actor: User, *, room_id: int, user_id: int) -> Membership:
    """Put somebody into a room that one is in. Being in it already changes nothing.

    Raises `User.DoesNotExist`.
    """
    scope = lock_room(actor, room_id)
    policies.ensure_may_read(scope.room, scope.membership)
    invited = User.objects.get(pk=user_id, hidden=False)
    policies.ensure_may_invite(scope.actor, scope.room, scope.membership, invited)
    membership = Membership.objects.filter(room=scope.room, user=invited).first()
    return membership or add_member(scope.room, invited, actor=scope.actor)


@transaction.atomic
def remove(actor: User, *, room_id: int, user_id: int) -> None:
    """Put somebody out of a room. Raises `Membership.DoesNotExist` when they are not in it."""
    scope = lock_room(actor, room_id)
    policies.ensure_may_read(scope.room, scope.membership)
    removed = Membership.objects.select_related("user").get(room=scope.room, user_id=user_id)
    removed.room = scope.room
    policies.ensure_may_remove(scope.actor, scope.room, scope.membership, removed)
    _put_out(removed, actor=scope.actor, reason="removed")


@transaction.atomic
def change_role(actor: User, *, room_id: int, user_id: int, role: str) -> Membership:
    """Make a member owner, moderator or member. Raises `Membership.DoesNotExist`."""
    if role not in Membership.Role.values:
        raise ValidationError(_("That role doesn't exist."), code="invalid")
    scope = lock_room(actor, room_id)
    policies.ensure_may_read(scope.room, scope.membership)
    changed = Membership.objects.select_related("user").get(room=scope.room, user_id=user_id)
    others = scope.other_owners(changed)
    policies.ensure_may_change_role(
        scope.actor, scope.room, scope.membership, changed, role, others
    )
    if changed.role != role:
        set_role(scope.room, changed, role, actor=scope.actor)
    return changed


def add_member(
    room: Room, user: User, *, actor: User, role: str = Membership.Role.MEMBER
) -> Membership:
    """Add a person to a room that the caller holds locked; they begin at its last message."""
    room.members += 1
    membership = Membership.objects.create(room=room, user=user, role=role, read=room.messages)
    record(room, "member.joined", actor=actor, user=user, changed=["members"], role=role)
    record_workspace_event("member.joined", user=user, room=room)
    return membership


def set_role(room: Room, membership: Membership, role: str, *, actor: User) -> None:
    """Change a role in a room that the caller holds locked."""
    membership.role = role
    membership.save(update_fields=["role"])
    record(room, "member.role_changed", actor=actor, user=membership.user, role=role)


def _put_out(membership: Membership, *, actor: User, reason: str) -> None:
    room, user = membership.room, membership.user
    membership.delete()
    room.members -= 1
    record(room, "member.left", actor=actor, user=user, changed=["members"], reason=reason)
    record_workspace_event("member.left", user=user, room=room, reason=reason)

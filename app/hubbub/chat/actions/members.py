"""Actions on memberships: join or leave a room, invite or remove a user, change a role."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from hubbub.accounts.models import User
from hubbub.chat import policies
from hubbub.chat.actions.room_lock import lock_room
from hubbub.chat.event_recording import record, record_workspace_event
from hubbub.chat.models import Membership, Room


@transaction.atomic
def join(actor: User, *, room_id: int) -> Membership:
    """Join a public room. Nothing changes if the actor is already a member."""
    locked = lock_room(actor, room_id)
    if locked.membership is not None:
        return locked.membership
    policies.ensure_may_join(locked.actor, locked.room)
    return add_member(locked.room, locked.actor, actor=locked.actor)


@transaction.atomic
def leave(actor: User, *, room_id: int) -> None:
    """Leave a room. Nothing changes if the room is public and the actor is not a member."""
    locked = lock_room(actor, room_id)
    if locked.membership is None:
        if not locked.room.is_public:
            raise Room.DoesNotExist
        return
    policies.ensure_may_leave(
        locked.room, locked.membership, locked.count_other_owners(locked.membership)
    )
    _remove(locked.membership, actor=locked.actor, reason="left")


@transaction.atomic
def invite(actor: User, *, room_id: int, user_id: int) -> Membership:
    """Add a user to a room that the actor is in. Nothing changes if they are already a member.

    Raises `User.DoesNotExist` if there is no such user.
    """
    locked = lock_room(actor, room_id)
    policies.ensure_may_read(locked.room, locked.membership)
    invited = User.objects.get(pk=user_id, hidden=False)
    policies.ensure_may_invite(locked.actor, locked.room, locked.membership, invited)
    membership = Membership.objects.filter(room=locked.room, user=invited).first()
    return membership or add_member(locked.room, invited, actor=locked.actor)


@transaction.atomic
def remove(actor: User, *, room_id: int, user_id: int) -> None:
    """Remove a member from a room. Raises `Membership.DoesNotExist` if the user is not a member."""
    locked = lock_room(actor, room_id)
    policies.ensure_may_read(locked.room, locked.membership)
    removed = Membership.objects.select_related("user").get(room=locked.room, user_id=user_id)
    removed.room = locked.room
    policies.ensure_may_remove(locked.actor, locked.room, locked.membership, removed)
    _remove(removed, actor=locked.actor, reason="removed")


@transaction.atomic
def change_role(actor: User, *, room_id: int, user_id: int, role: str) -> Membership:
    """Give a member another role. Raises `Membership.DoesNotExist` if the user is not a member."""
    if role not in Membership.Role.values:
        raise ValidationError(_("That role doesn't exist."), code="invalid")
    locked = lock_room(actor, room_id)
    policies.ensure_may_read(locked.room, locked.membership)
    changed = Membership.objects.select_related("user").get(room=locked.room, user_id=user_id)
    other_owners = locked.count_other_owners(changed)
    policies.ensure_may_change_role(
        locked.actor, locked.room, locked.membership, changed, role, other_owners
    )
    if changed.role != role:
        set_role(locked.room, changed, role, actor=locked.actor)
    return changed


def add_member(
    room: Room, user: User, *, actor: User, role: str = Membership.Role.MEMBER
) -> Membership:
    """Add a user to a room that the caller has locked. Earlier messages count as read."""
    room.members += 1
    membership = Membership.objects.create(room=room, user=user, role=role, read=room.messages)
    record(room, "member.joined", actor=actor, user=user, changed=["members"], role=role)
    record_workspace_event("member.joined", user=user, room=room)
    return membership


def set_role(room: Room, membership: Membership, role: str, *, actor: User) -> None:
    """Change a member's role in a room that the caller has locked."""
    membership.role = role
    membership.save(update_fields=["role"])
    record(room, "member.role_changed", actor=actor, user=membership.user, role=role)


def _remove(membership: Membership, *, actor: User, reason: str) -> None:
    room, user = membership.room, membership.user
    membership.delete()
    room.members -= 1
    record(room, "member.left", actor=actor, user=user, changed=["members"], reason=reason)
    record_workspace_event("member.left", user=user, room=room, reason=reason)

"""Who may do what. Pure functions: an action passes rows that it read under its lock.

Each function returns nothing or raises an exception. `Room.DoesNotExist` means "not found": to
users who are not in it, a private room must look like one that does not exist. `PermissionDenied`
has a message for the user.
"""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from hubbub.accounts.models import User
from hubbub.chat.models import Membership, Message, Room


def ensure_may_enter(actor: User) -> None:
    if not actor.may_enter:
        raise PermissionDenied(_("Your account is banned or deactivated."))


def ensure_may_create(actor: User) -> None:
    """Hidden users may not create rooms: other users would find them there."""
    ensure_may_enter(actor)
    _ensure_not_hidden(actor)


def ensure_may_read(room: Room, membership: Membership | None) -> None:
    """Members may read the whole log, even of an archived room. Others may read none of it."""
    if membership is None and room.is_public:
        raise PermissionDenied(_("Join the room first."))
    if membership is None:
        raise Room.DoesNotExist


def ensure_may_write(actor: User, room: Room, membership: Membership | None) -> None:
    ensure_may_enter(actor)
    ensure_may_read(room, membership)
    ensure_open(room)


def ensure_open(room: Room) -> None:
    if room.archived_at is not None:
        raise PermissionDenied(_("This room is archived."))


def ensure_may_join(actor: User, room: Room) -> None:
    ensure_may_enter(actor)
    _ensure_not_hidden(actor)
    if not room.is_public:
        raise Room.DoesNotExist
    ensure_open(room)


def ensure_may_leave(room: Room, membership: Membership, other_owners: int) -> None:
    if room.is_lobby:
        raise PermissionDenied(_("You can't leave the lobby."))
    if room.is_direct:
        raise PermissionDenied(_("You can't leave a direct message."))
    if membership.role == Membership.Role.OWNER and not other_owners:
        if room.members == 1:
            raise PermissionDenied(_("You're the last member. Archive the room instead."))
        raise PermissionDenied(_("You're the last owner. Make someone else an owner first."))


def ensure_may_change(actor: User, room: Room, membership: Membership | None) -> None:
    """Owners and moderators of a room may rename it and change its topic."""
    ensure_may_write(actor, room, membership)
    _ensure_not_direct(room)
    if not (membership and membership.moderates):
        raise PermissionDenied(_("Only the room's owners and moderators can do this."))


def ensure_may_archive(actor: User, room: Room, membership: Membership | None) -> None:
    """Owners of a room, and owners of the workspace, may archive and restore it."""
    ensure_may_enter(actor)
    if not actor.is_owner:
        ensure_may_read(room, membership)
    _ensure_not_direct(room)
    if room.is_lobby:
        raise PermissionDenied(_("The lobby can't be archived."))
    if actor.is_owner or (membership and membership.role == Membership.Role.OWNER):
        return
    raise PermissionDenied(_("Only the room's owners can do this."))


def ensure_may_invite(
    actor: User, room: Room, membership: Membership | None, invited: User
) -> None:
    ensure_may_write(actor, room, membership)
    _ensure_not_direct(room)
    if not invited.may_enter:
        raise PermissionDenied(_("This account is banned or deactivated."))


def ensure_may_remove(
    actor: User, room: Room, membership: Membership | None, removed: Membership
) -> None:
    """Moderators may remove members; owners may remove anyone but themselves."""
    ensure_may_write(actor, room, membership)
    _ensure_not_direct(room)
    if room.is_lobby:
        raise PermissionDenied(_("You can't remove anyone from the lobby."))
    if removed.user_id == actor.pk:
        raise PermissionDenied(_("To remove yourself, leave the room."))
    is_owner = membership is not None and membership.role == Membership.Role.OWNER
    if is_owner or (membership and membership.moderates and not removed.moderates):
        return
    raise PermissionDenied(_("Only the room's owners and moderators can do this."))


def ensure_may_change_role(
    actor: User,
    room: Room,
    membership: Membership | None,
    changed: Membership,
    role: str,
    other_owners: int,
) -> None:
    """Owners may change roles. The last owner stays an owner."""
    ensure_may_write(actor, room, membership)
    _ensure_not_direct(room)
    if membership is None or membership.role != Membership.Role.OWNER:
        raise PermissionDenied(_("Only the room's owners can do this."))
    owner = Membership.Role.OWNER
    if changed.role == owner and role != owner and not other_owners:
        raise PermissionDenied(_("A room needs an owner. Make someone else an owner first."))


def ensure_may_edit(
    actor: User, room: Room, membership: Membership | None, message: Message
) -> None:
    ensure_may_write(actor, room, membership)
    if message.sender_id != actor.pk:
        raise PermissionDenied(_("You can only edit your own messages."))
    if message.deleted_at is not None:
        raise PermissionDenied(_("This message was deleted."))


def ensure_may_delete(
    actor: User, room: Room, membership: Membership | None, message: Message
) -> None:
    """Users may delete their own messages. Moderators and workspace owners may delete anyone's."""
    ensure_may_enter(actor)
    if actor.is_owner:
        return
    ensure_may_read(room, membership)
    if message.sender_id == actor.pk or (membership and membership.moderates):
        return
    raise PermissionDenied(_("You can only delete your own messages."))


def ensure_is_workspace_owner(actor: User) -> None:
    ensure_may_enter(actor)
    if not actor.is_owner:
        raise PermissionDenied(_("Only workspace owners can do this."))


def _ensure_not_hidden(actor: User) -> None:
    if actor.hidden:
        raise PermissionDenied(_("Hidden accounts can't join or create rooms."))


def _ensure_not_direct(room: Room) -> None:
    if room.is_direct:
        raise PermissionDenied(_("A direct message is between two people and can't be changed."))

"""Actions on users: rename, ban, deactivate, sign out, revoke a token.

Each change is recorded in the workspace log, which every replica follows. So the open connections
of a user are closed immediately, on every replica.
"""

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hubbub.accounts.models import Token, User, digest_of, validate_name
from hubbub.chat import policies
from hubbub.chat.actions.members import set_role
from hubbub.chat.actions.room_lock import limit_lock_time
from hubbub.chat.event_recording import record_workspace_event
from hubbub.chat.models import Membership, Room
from hubbub.chat.text import clean_line


@transaction.atomic
def make_owner(user: User) -> None:
    """Make a user an owner of the workspace and the lobby, without a check. Only for operators."""
    limit_lock_time()
    lobby = Room.objects.lock_lobby()
    make_workspace_owner(user)
    membership = Membership.objects.select_related("user").filter(room=lobby, user=user).first()
    if membership is not None and membership.role != Membership.Role.OWNER:
        set_role(lobby, membership, Membership.Role.OWNER, actor=user)


@transaction.atomic
def rename(actor: User, *, name: str) -> User:
    """Change the actor's display name. If it is empty, use the username."""
    name = clean_line(name)
    validate_name(name)
    if len(name) > settings.MAX_NAME_CHARS:
        raise ValidationError(
            _("A name can have at most %(max)d characters.") % {"max": settings.MAX_NAME_CHARS}
        )
    user = _lock_user(actor.pk)
    policies.ensure_may_enter(user)
    if (name or user.username) != user.name:
        user.name = name
        user.save(update_fields=["name"])
        record_workspace_event("user.renamed", user=user)
    return user


@transaction.atomic
def ban(actor: User, *, user_id: int) -> User:
    user = _lock_other(actor, user_id)
    if user.banned_at is None:
        user.banned_at = timezone.now()
        user.save(update_fields=["banned_at"])
        record_workspace_event("user.banned", user=user)
    return user


@transaction.atomic
def lift_ban(actor: User, *, user_id: int) -> User:
    user = _lock_other(actor, user_id)
    if user.banned_at is not None:
        user.banned_at = None
        user.save(update_fields=["banned_at"])
        record_workspace_event("user.ban_lifted", user=user)
    return user


@transaction.atomic
def deactivate(actor: User, *, user_id: int) -> User:
    user = _lock_other(actor, user_id)
    if user.is_active:
        user.is_active = False
        user.save(update_fields=["is_active"])
        record_workspace_event("user.deactivated", user=user)
    return user


@transaction.atomic
def reactivate(actor: User, *, user_id: int) -> User:
    user = _lock_other(actor, user_id)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        record_workspace_event("user.reactivated", user=user)
    return user


@transaction.atomic
def sign_out(user: User, *, session_key: str) -> None:
    """End a session.

    The session's row is deleted in the transaction that records the event, so the session can open
    no new connection.
    """
    Session.objects.filter(session_key=session_key).delete()
    record_workspace_event("user.signed_out", user=user, session=digest_of(session_key))


@transaction.atomic
def record_password_change(user: User) -> None:
    """Make replicas check a user's open connections again: the user's other sessions have ended."""
    record_workspace_event("user.password_changed", user=user)


@transaction.atomic
def revoke_token(user: User, *, token_id: int) -> Token:
    """Revoke a user's token. Revoking it again changes nothing. Raises `Token.DoesNotExist`."""
    token = Token.objects.select_for_update(no_key=True).get(pk=token_id, user=user)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record_workspace_event("token.revoked", user=user, token=token.pk)
    return token


def make_workspace_owner(user: User) -> None:
    user.is_superuser = user.is_staff = True
    user.save(update_fields=["is_superuser", "is_staff"])


def _lock_other(actor: User, user_id: int) -> User:
    policies.ensure_is_workspace_owner(User.objects.get(pk=actor.pk))
    if user_id == actor.pk:
        raise ValidationError(_("You can't do this to yourself."), code="invalid")
    return _lock_user(user_id)


def _lock_user(user_id: int) -> User:
    """Return the user's row, locked until the end of the transaction.

    The lock does not include the row's key (`no_key`), because new messages and memberships refer
    to it. With a plain lock, their transactions would wait for this one while they hold the
    workspace row, which this transaction needs next.
    """
    limit_lock_time()
    return User.objects.select_for_update(no_key=True).get(pk=user_id)

"""What happens to people in the place: welcomed, renamed, banned, signed out, cut off.

Each is recorded in the place's log, which every replica follows: so an open socket is closed at
once wherever it is.
"""

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hubbub.accounts.models import Token, User, digest_of, validate_name
from hubbub.chat import policies
from hubbub.chat.actions.members import add_member, set_role
from hubbub.chat.actions.room_lock import limit_lock_time
from hubbub.chat.events import record_workspace_event
from hubbub.chat.models import Membership, Room
from hubbub.chat.text import clean_line


@transaction.atomic
def welcome(user: User) -> None:
    """Put a new person into the lobby; on the embedded default the first one owns the place.

    Nobody is told of hidden people.

    Called once for each person, however they were made. The lobby's lock makes two at the same
    moment one owner.
    """
    if user.hidden:
        return
    limit_lock_time()
    lobby = Room.objects.select_for_update().get(is_lobby=True)
    if Membership.objects.filter(room=lobby, user=user).exists():
        return
    if settings.EMBEDDED and not User.objects.filter(is_superuser=True).exists():
        _give_place(user)
    role = Membership.Role.OWNER if user.is_owner else Membership.Role.MEMBER
    add_member(lobby, user, actor=user, role=role)


@transaction.atomic
def make_owner(user: User) -> None:
    """Make a person owner of the place and of the lobby. For operators: nobody is asked."""
    limit_lock_time()
    lobby = Room.objects.select_for_update().get(is_lobby=True)
    _give_place(user)
    membership = Membership.objects.select_related("user").filter(room=lobby, user=user).first()
    if membership is not None and membership.role != Membership.Role.OWNER:
        set_role(lobby, membership, Membership.Role.OWNER, actor=user)


@transaction.atomic
def rename(actor: User, *, name: str) -> User:
    """Change one's own display name; empty means the username."""
    name = clean_line(name)
    validate_name(name)
    if len(name) > settings.MAX_NAME_CHARS:
        raise ValidationError(
            _("A name can have at most %(max)d characters.") % {"max": settings.MAX_NAME_CHARS}
        )
    user = _lock_person(actor.pk)
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
    """End a session: its row goes with the event, so that no socket comes back with it."""
    Session.objects.filter(session_key=session_key).delete()
    record_workspace_event("user.signed_out", user=user, session=digest_of(session_key))


@transaction.atomic
def password_changed(user: User) -> None:
    """Have every open socket of a person prove itself again: other sessions are over."""
    record_workspace_event("user.password_changed", user=user)


@transaction.atomic
def revoke_token(user: User, *, token_id: int) -> Token:
    """Revoke one's own token. Raises `Token.DoesNotExist`; twice changes nothing."""
    token = Token.objects.select_for_update().get(pk=token_id, user=user)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record_workspace_event("token.revoked", user=user, token=token.pk)
    return token


def _give_place(user: User) -> None:
    user.is_superuser = user.is_staff = True
    user.save(update_fields=["is_superuser", "is_staff"])


def _lock_other(actor: User, user_id: int) -> User:
    policies.ensure_is_workspace_owner(User.objects.get(pk=actor.pk))
    if user_id == actor.pk:
        raise ValidationError(_("You can't do this to yourself."), code="invalid")
    return _lock_person(user_id)


def _lock_person(user_id: int) -> User:
    """Return the person's row, locked until the end of the transaction.

    Without touching its key: every new message and membership refers to it, and a transaction that
    does would wait here at its commit, holding the place's row that we want next.
    """
    limit_lock_time()
    return User.objects.select_for_update(no_key=True).get(pk=user_id)

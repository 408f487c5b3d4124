"""Two hidden users and their direct message, with which `doctor` tests a running deployment.

They are created once and used by every run. No other user can find them, invite them or write to
them, and they are in no other room.
"""

from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hubbub.accounts.models import User
from hubbub.chat.actions import rooms
from hubbub.chat.actions.room_lock import lock_room
from hubbub.chat.models import Event, Message, Room

# Sign-up rejects usernames that start with a plus sign.
USERNAMES = ("+doctor-1", "+doctor-2")


def get_or_create_users() -> tuple[User, User]:
    """Return the two hidden users, and create them if needed. They have no password.

    Raises ValidationError if another user has one of their names.
    """
    first, second = (_get_or_create(username) for username in USERNAMES)
    return first, second


def open_room(first: User, second: User) -> Room:
    return rooms.open_direct(first, user_id=second.pk)


@transaction.atomic
def prune_messages(actor: User, *, room_id: int, older_than: timedelta) -> int:
    """Remove old entries from the front of the hidden users' log.

    Returns the number of deleted messages.

    This is the only log that is ever cut. Like any log, it must be cut only at the front, so that
    no gap remains.
    """
    locked = lock_room(actor, room_id)
    room = locked.room
    if not locked.actor.hidden or locked.membership is None:
        raise Room.DoesNotExist
    recent = Event.objects.filter(room=room, at__gte=timezone.now() - older_than)
    first_kept = recent.order_by("seq").values_list("seq", flat=True).first() or room.seq + 1
    Event.objects.filter(room=room, seq__lt=first_kept).delete()
    return Message.objects.filter(room=room, seq__lt=first_kept).delete()[0]


def _get_or_create(username: str) -> User:
    defaults = {"password": make_password(None), "name": username}
    try:
        return User.objects.get_or_create(username=username, hidden=True, defaults=defaults)[0]
    except IntegrityError:
        text = _("The username %(username)s belongs to another account. Rename that account.")
        raise ValidationError(text % {"username": username}, code="invalid") from None

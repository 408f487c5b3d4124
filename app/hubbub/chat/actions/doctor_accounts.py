"""Two hidden people and their conversation, through which an operator looks at a running place.

Made once, used by every run of `doctor`. Nobody else can find them, invite them or write to them,
and no room but their own has them in it.
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

# Nobody can sign up with a name that begins so.
USERNAMES = ("+doctor-1", "+doctor-2")


def get_or_create_users() -> tuple[User, User]:
    """Return the two, made where they are missing. They cannot sign in.

    Raises ValidationError where somebody else has one of their names.
    """
    first, second = (_hidden(username) for username in USERNAMES)
    return first, second


def open_room(first: User, second: User) -> Room:
    return rooms.open_direct(first, user_id=second.pk)


@transaction.atomic
def prune_messages(actor: User, *, room_id: int, older_than: timedelta) -> int:
    """Cut the front of the log of the pair's room, which nobody reads; return how many messages.

    The only log that is cut: by the rule for all (from the front, never to a hole).
    """
    scope = lock_room(actor, room_id)
    room = scope.room
    if not scope.actor.hidden or scope.membership is None:
        raise Room.DoesNotExist
    kept = Event.objects.filter(room=room, at__gte=timezone.now() - older_than)
    first_kept = kept.order_by("seq").values_list("seq", flat=True).first() or room.seq + 1
    Event.objects.filter(room=room, seq__lt=first_kept).delete()
    return Message.objects.filter(room=room, seq__lt=first_kept).delete()[0]


def _hidden(username: str) -> User:
    defaults = {"password": make_password(None), "name": username}
    try:
        return User.objects.get_or_create(username=username, hidden=True, defaults=defaults)[0]
    except IntegrityError:
        text = _("%(username)s is somebody who is not hidden: give them another username.")
        raise ValidationError(text % {"username": username}, code="invalid") from None

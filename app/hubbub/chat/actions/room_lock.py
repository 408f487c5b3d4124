"""The first step of every action on a room: its row locked, and what the actor is in it."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from hubbub.accounts.models import User
from hubbub.chat.models import Membership, Room

LOCK_MS = settings.LOCK_SECONDS * 1000


@dataclass(slots=True)
class Scope:
    """Rows read under the room's lock; policies look at these and at nothing older."""

    actor: User
    room: Room
    membership: Membership | None

    def other_owners(self, than: Membership) -> int:
        owners = Membership.objects.filter(room=self.room, role=Membership.Role.OWNER)
        return owners.exclude(pk=than.pk).count()


def lock_room(actor: User, room_id: int) -> Scope:
    """Lock the room until the end of the transaction and read the actor's place in it.

    Raises `Room.DoesNotExist`, and OperationalError when the lock does not come in time.
    """
    limit_lock_time()
    room = Room.objects.lock(room_id)
    membership = (
        Membership.objects.select_related("user").filter(room=room, user_id=actor.pk).first()
    )
    if membership is None:
        return Scope(User.objects.get(pk=actor.pk), room, None)
    membership.room = room
    return Scope(membership.user, room, membership)


def limit_lock_time(milliseconds: int = LOCK_MS) -> None:
    """Let this transaction wait so long for each lock (SQLite: the connection's timeout)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {milliseconds}")


def is_lock_timeout(error: Exception) -> bool:
    """Tell whether a lock did not come in time (PostgreSQL's `lock_not_available`)."""
    return getattr(error.__cause__, "sqlstate", "") == "55P03"

"""The first step of every action on a room: lock its row and read the actor's membership."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from hubbub.accounts.models import User
from hubbub.chat.models import Membership, Room

LOCK_MS = settings.LOCK_SECONDS * 1000


@dataclass(slots=True)
class LockedRoom:
    """Rows that were read under the room's lock. Policies check these rows, and no older ones."""

    actor: User
    room: Room
    membership: Membership | None

    def count_other_owners(self, than: Membership) -> int:
        owners = Membership.objects.filter(room=self.room, role=Membership.Role.OWNER)
        return owners.exclude(pk=than.pk).count()


def lock_room(actor: User, room_id: int) -> LockedRoom:
    """Lock the room until the end of the transaction, and read the actor's membership in it.

    Raises `Room.DoesNotExist` if there is no such room, and OperationalError if the lock is not
    free in time.
    """
    limit_lock_time()
    room = Room.objects.lock(room_id)
    membership = (
        Membership.objects.select_related("user").filter(room=room, user_id=actor.pk).first()
    )
    if membership is None:
        return LockedRoom(User.objects.get(pk=actor.pk), room, None)
    membership.room = room
    return LockedRoom(membership.user, room, membership)


def limit_lock_time(milliseconds: int = LOCK_MS) -> None:
    """Limit how long this transaction waits for each lock.

    On SQLite, the limit of the connection applies.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {milliseconds}")


def is_lock_timeout(error: Exception) -> bool:
    """Return whether a lock was not free in time (PostgreSQL's `lock_not_available`)."""
    return getattr(error.__cause__, "sqlstate", "") == "55P03"

"""The event logs: one per room, and the workspace log.

Rows refer to what changed and never copy it.

Only `event_recording` and `send_batch` add rows, under the lock of the room or of the workspace. So
the order of seqs is the order of commits, and there are no gaps. Rows never change afterwards.
"""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from hubbub.chat.models.message import Message
from hubbub.chat.models.room import Room


class EventQuerySet(models.QuerySet["Event"]):
    def after(self, room_id: int, seq: int) -> Self:
        return self.filter(room_id=room_id, seq__gt=seq).order_by("seq")

    def notices(self, room: Room, low: int, high: int | None) -> Self:
        """Return the events other than messages, from seq `low` to `high` (None: the end).

        Everyone joins the lobby, so a notice of each join would be noise. Joins of the lobby are
        therefore left out.
        """
        rows = self.filter(room=room, seq__gte=low)
        if high is not None:
            rows = rows.filter(seq__lte=high)
        rows = rows.exclude(type__startswith="message.")
        return rows.exclude(type__startswith="member.") if room.is_lobby else rows

    def with_all(self) -> Self:
        """Join everything that an event's frame needs, so that building it makes no queries."""
        return self.select_related(
            "actor", "user", "room", "message__sender", "message__reply_to__sender"
        )


class Event(models.Model):
    """One entry of a room's log."""

    # The foreign key needs no index of its own, because the unique constraint below has one.
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="+", db_index=False)
    seq = models.PositiveBigIntegerField()
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Null if events of this type have no message, or if retention removed the message.
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    # The user that the event concerns, if it concerns anyone besides the actor.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    # Values that no other row stores, such as the new role.
    data = models.JSONField(default=dict)

    objects: ClassVar[EventQuerySet] = EventQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="event_seq_once")]

    def __str__(self) -> str:
        return f"{self.type} {self.seq} of room {self.room_id}"


class WorkspaceEvent(models.Model):
    """One entry of the workspace log: a change that concerns a user rather than a room."""

    seq = models.PositiveBigIntegerField(unique=True)
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    room = models.ForeignKey(Room, null=True, on_delete=models.PROTECT, related_name="+")
    # Which session (by digest) or token (by id) the event is about, or why a user is no longer in a
    # room.
    data = models.JSONField(default=dict)

    objects: ClassVar[models.Manager["WorkspaceEvent"]] = models.Manager()

    class Meta:
        db_table = "chat_placeevent"  # the name from before the model was renamed

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"

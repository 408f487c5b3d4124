"""Rooms: public, private or direct. The lobby is a public room that everyone is in.

A room's row is the lock of its log: a transaction that adds to the log holds it until the commit.
"""

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from hubbub.accounts.models import User


class RoomQuerySet(models.QuerySet["Room"]):
    def open(self) -> Self:
        return self.filter(archived_at=None)

    def of(self, user: "User") -> Self:
        return self.filter(memberships__user=user)

    def public(self) -> Self:
        return self.filter(kind=Room.Kind.PUBLIC)

    def archived_for(self, user: "User") -> Self:
        """Return the archived rooms that a user may see: public ones, and those they are in."""
        is_member = Q(pk__in=Room.objects.of(user).values("pk"))
        rooms = self.exclude(archived_at=None).exclude(kind=Room.Kind.DIRECT)
        return rooms.filter(is_member | Q(kind=Room.Kind.PUBLIC))

    def lock(self, room_id: int) -> "Room":
        """Return the room's row, locked until the end of the transaction.

        The lock excludes the row's key, so that other transactions can still insert rows that refer
        to the room. Raises `Room.DoesNotExist`.
        """
        return self.select_for_update(no_key=True).get(pk=room_id)

    def lock_lobby(self) -> "Room":
        """Return the lobby's row, with the same lock that `lock` acquires."""
        return self.select_for_update(no_key=True).get(is_lobby=True)


class Room(models.Model):
    class Kind(models.TextChoices):
        PUBLIC = "public", _("public")
        PRIVATE = "private", _("private")
        DIRECT = "direct", _("direct")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=settings.MAX_NAME_CHARS, blank=True)
    # The name in a form that ignores case. Null for direct messages, which have no name.
    name_key = models.CharField(max_length=240, null=True, unique=True, editable=False)
    # "low:high", the ids of the two users, so that two users have only one direct message.
    direct_key = models.CharField(max_length=41, null=True, unique=True, editable=False)
    topic = models.CharField(_("topic"), max_length=settings.MAX_TOPIC_CHARS, blank=True)
    is_lobby = models.BooleanField(_("lobby"), default=False, editable=False)
    seq = models.PositiveBigIntegerField(_("events"), default=0, editable=False)
    messages = models.PositiveBigIntegerField(_("messages"), default=0, editable=False)
    members = models.PositiveIntegerField(_("members"), default=0, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    archived_at = models.DateTimeField(_("archived at"), null=True, editable=False)

    objects: ClassVar[RoomQuerySet] = RoomQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = [
            models.UniqueConstraint(
                fields=["is_lobby"], condition=Q(is_lobby=True), name="room_one_lobby"
            ),
            models.CheckConstraint(
                condition=Q(kind="direct", direct_key__isnull=False, name_key=None)
                | (~Q(kind="direct") & Q(direct_key=None, name_key__isnull=False)),
                name="room_named_or_direct",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"direct message {self.pk}"

    @property
    def is_direct(self) -> bool:
        return self.kind == self.Kind.DIRECT

    @property
    def is_public(self) -> bool:
        return self.kind == self.Kind.PUBLIC

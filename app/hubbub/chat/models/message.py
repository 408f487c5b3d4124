"""Messages. Deleting a message empties `body` and `html`; its row and its number stay."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from hubbub.chat.models.room import Room


class MessageQuerySet(models.QuerySet["Message"]):
    def with_users(self) -> Self:
        """Join all rows that the protocol's `message` needs, so that building it needs no query."""
        return self.select_related("sender", "reply_to__sender")

    def with_quotes(self) -> Self:
        """Join what `with_users` joins, and the same rows for each quoted message."""
        return self.with_users().select_related("reply_to__reply_to__sender")

    def newest_before(self, room_id: int, seq: int | None) -> Self:
        """Return a room's messages before `seq` (None: all of them), newest first."""
        rows = self.filter(room_id=room_id).order_by("-seq")
        return rows if seq is None else rows.filter(seq__lt=seq)

    def oldest_after(self, room_id: int, seq: int) -> Self:
        return self.filter(room_id=room_id, seq__gt=seq).order_by("seq")


class Message(models.Model):
    room = models.ForeignKey(
        Room,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("room"),
    )
    # The seq of the event that created the message, and the seq of the event that last changed it.
    seq = models.PositiveBigIntegerField(editable=False)
    rev = models.PositiveBigIntegerField(editable=False)
    number = models.PositiveBigIntegerField(_("number"), editable=False)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("sender"),
    )
    nonce = models.CharField(max_length=settings.MAX_NONCE_CHARS, editable=False)
    body = models.TextField(editable=False)
    html = models.TextField(null=True, editable=False)  # null: the text is plain
    reply_to = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("created at"), editable=False)
    edited_at = models.DateTimeField(_("edited at"), null=True, editable=False)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, editable=False)

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["sender", "nonce"], name="message_nonce_once"),
            models.UniqueConstraint(fields=["room", "seq"], name="message_seq_once"),
            models.UniqueConstraint(fields=["room", "number"], name="message_number_once"),
        ]

    def __str__(self) -> str:
        return f"message {self.number} of room {self.room_id}"

"""Actions that edit and delete messages. The module `send` sends them."""

from django.db import transaction
from django.utils import timezone

from hubbub.accounts.models import User
from hubbub.chat import policies
from hubbub.chat.actions.room_lock import LockedRoom, lock_room
from hubbub.chat.event_recording import record
from hubbub.chat.models import Message
from hubbub.chat.text import Composed, compose


def edit(actor: User, *, message_id: int, body: str) -> Message:
    """Change the body of the actor's own message. An unchanged body records no event."""
    text = compose(body)  # before locking the room, because rendering can be slow
    with transaction.atomic():
        return _edit(actor, message_id, text)


@transaction.atomic
def delete(actor: User, *, message_id: int) -> Message:
    """Delete a message's text for good and keep its number. Deleting it again records no event."""
    locked, message = _lock_message(actor, message_id)
    policies.ensure_may_delete(locked.actor, locked.room, locked.membership, message)
    if message.deleted_at is not None:
        return message
    message.body, message.html = "", None
    message.deleted_at = timezone.now()
    _record_change(locked, message, "message.deleted")
    return message


def _edit(actor: User, message_id: int, text: Composed) -> Message:
    locked, message = _lock_message(actor, message_id)
    policies.ensure_may_edit(locked.actor, locked.room, locked.membership, message)
    if text.body == message.body:
        return message
    message.body, message.html = text
    message.edited_at = timezone.now()
    _record_change(locked, message, "message.edited")
    return message


def _lock_message(actor: User, message_id: int) -> tuple[LockedRoom, Message]:
    """Lock the room of a message, then read the message without locking its row.

    Raises `Message.DoesNotExist`.
    """
    room_id = Message.objects.values_list("room_id", flat=True).get(pk=message_id)
    locked = lock_room(actor, room_id)
    message = Message.objects.with_users().get(pk=message_id)
    message.room = locked.room
    return locked, message


def _record_change(locked: LockedRoom, message: Message, type: str) -> None:
    message.rev = locked.room.seq + 1
    message.save(update_fields=["body", "html", "rev", "edited_at", "deleted_at"])
    record(locked.room, type, actor=locked.actor, message=message)

"""Editing and deleting messages. Sending is in `send`."""

from django.db import transaction
from django.utils import timezone

from hubbub.accounts.models import User
from hubbub.chat import policies
from hubbub.chat.actions.room_lock import Scope, lock_room
from hubbub.chat.events import record
from hubbub.chat.models import Message
from hubbub.chat.text import Composed, compose


def edit(actor: User, *, message_id: int, body: str) -> Message:
    """Change the body of one's own message. The body that it already has makes no event."""
    text = compose(body)  # before the room is locked: it can take long
    with transaction.atomic():
        return _edit(actor, message_id, text)


@transaction.atomic
def delete(actor: User, *, message_id: int) -> Message:
    """Empty a message, for good; its number stays. One that is deleted already makes no event."""
    scope, message = _lock_message(actor, message_id)
    policies.ensure_may_delete(scope.actor, scope.room, scope.membership, message)
    if message.deleted_at is not None:
        return message
    message.body, message.html = "", None
    message.deleted_at = timezone.now()
    _record_change(scope, message, "message.deleted")
    return message


def _edit(actor: User, message_id: int, text: Composed) -> Message:
    scope, message = _lock_message(actor, message_id)
    policies.ensure_may_edit(scope.actor, scope.room, scope.membership, message)
    if text.body == message.body:
        return message
    message.body, message.html = text
    message.edited_at = timezone.now()
    _record_change(scope, message, "message.edited")
    return message


def _lock_message(actor: User, message_id: int) -> tuple[Scope, Message]:
    """Lock the room of a message, then read the message: its row has no lock of its own.

    Raises `Message.DoesNotExist`, also where the actor must not know of the room.
    """
    room_id = Message.objects.values_list("room_id", flat=True).get(pk=message_id)
    scope = lock_room(actor, room_id)
    message = Message.objects.with_people().get(pk=message_id)
    message.room = scope.room
    return scope, message


def _record_change(scope: Scope, message: Message, type: str) -> None:
    message.rev = scope.room.seq + 1
    message.save(update_fields=["body", "html", "rev", "edited_at", "deleted_at"])
    record(scope.room, type, actor=scope.actor, message=message)

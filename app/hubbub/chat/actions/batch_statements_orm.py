"""The statements of a batch, made with Django's ORM for any database.

They are used on SQLite. There only one process uses the file, so no other replica waits for a lock.
"""

from collections.abc import Collection, Sequence

from django.db import connection

from hubbub.chat.actions.batch_statements import (
    LockedRows,
    LockWait,
    MembershipKey,
    MessageKey,
)
from hubbub.chat.actions.room_lock import limit_lock_time
from hubbub.chat.models import Event, Membership, Message, Room


def lock_and_read(
    memberships: Collection[MembershipKey], messages: Collection[MessageKey], wait: LockWait
) -> LockedRows:
    limit_lock_time(wait.milliseconds)
    room_ids = {key.room_id for key in memberships}
    rooms = Room.objects.filter(pk__in=room_ids).order_by("pk")
    skip_locked = wait is LockWait.SKIP_LOCKED
    locked = list(rooms.select_for_update(no_key=True, skip_locked=skip_locked))
    user_ids = {key.user_id for key in memberships}
    members = Membership.objects.filter(room__in=room_ids, user__in=user_ids)
    senders, nonces = {key.sender_id for key in messages}, {key.nonce for key in messages}
    used = Message.objects.filter(sender__in=senders, nonce__in=nonces)
    existing = used.values_list("sender_id", "nonce", "pk")
    return LockedRows(
        {room.pk: room for room in locked},
        {MembershipKey(row.room_id, row.user_id): row for row in members.select_related("user")},
        {MessageKey(sender, nonce): id for sender, nonce, id in existing},
    )


def save(messages: Sequence[Message]) -> None:
    Message.objects.bulk_create(messages)
    Event.objects.bulk_create(
        Event(
            room_id=message.room_id,
            seq=message.seq,
            type="message.created",
            at=message.created_at,
            actor_id=message.sender_id,
            message=message,
        )
        for message in messages
    )
    last = {message.room_id: message for message in messages}
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE chat_room SET seq = %s, messages = %s WHERE id = %s",
            [(message.seq, message.number, room_id) for room_id, message in last.items()],
        )

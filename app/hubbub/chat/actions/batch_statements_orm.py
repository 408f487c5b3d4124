"""A batch's statements on any database that Django knows, by the ORM: in use on SQLite.

There one process has the file to itself, and nobody waits on another machine.
"""

from collections.abc import Collection, Sequence

from django.db import connection

from hubbub.chat.actions.batch_statements import Key, Locking, Rows, Seat
from hubbub.chat.actions.room_lock import limit_lock_time
from hubbub.chat.models import Event, Membership, Message, Room


def lock_and_read(seats: Collection[Seat], keys: Collection[Key], locking: Locking) -> Rows:
    limit_lock_time(locking.milliseconds)
    room_ids = {seat.room_id for seat in seats}
    rooms = Room.objects.filter(pk__in=room_ids).order_by("pk")
    locked = list(rooms.select_for_update(skip_locked=locking is Locking.FREE))
    user_ids = {seat.user_id for seat in seats}
    members = Membership.objects.filter(room__in=room_ids, user__in=user_ids)
    senders, nonces = {key.sender_id for key in keys}, {key.nonce for key in keys}
    used = Message.objects.filter(sender__in=senders, nonce__in=nonces)
    known = used.values_list("sender_id", "nonce", "pk")
    return Rows(
        {room.pk: room for room in locked},
        {Seat(row.room_id, row.user_id): row for row in members.select_related("user")},
        {Key(sender, nonce): id for sender, nonce, id in known},
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

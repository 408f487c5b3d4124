"""Pages of a room's messages, for the page and for REST.

Messages are found by seq, with the index on (room, seq), and never by an offset. So a page costs no
more in a room with 100,000 messages than in a room with a hundred.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from django.conf import settings

from hubbub.accounts.models import User
from hubbub.chat import policies
from hubbub.chat.log_entries import event_entry
from hubbub.chat.models import Event, Membership, Message, Room
from hubbub.chat.serializers import serialize_message

Data: TypeAlias = dict[str, Any]

MAX_NOTICES = 100
# How many events of a page are searched for notices. The number is limited because thousands of
# users can join between two messages.
MAX_SEARCHED_EVENTS = 2_000


def own_membership(user: User, room_id: int) -> Membership:
    """Return the user's membership with its room, or raise like `policies.ensure_may_read`."""
    try:
        return Membership.objects.select_related("room").get(user=user, room_id=room_id)
    except Membership.DoesNotExist:
        policies.ensure_may_read(Room.objects.get(pk=room_id), None)
        raise


@dataclass(slots=True)
class MessageRange:
    """Messages in order of seq, and the range of seqs that they cover completely."""

    messages: list[Message]
    low: int  # the first seq of the range; 0: from the room's first event
    high: int | None  # the last seq of the range; None: to the room's last event
    has_before: bool
    has_after: bool


def messages_page(
    user: User,
    room_id: int,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 50,
) -> Data:
    """Return the messages before, after or around a seq, or else the newest messages.

    `seq` in the result is the room's last seq, which is read before the page: a client that has
    newer edits and deletions applies them to the page. `messages` are in ascending order, `quoted`
    are the messages that they reply to, and `notices` are the other events between them, as event
    frames, at most MAX_NOTICES.
    """
    room = own_membership(user, room_id).room  # must be read before the page
    limit = max(1, min(limit, settings.MAX_PAGE_MESSAGES))
    if around is not None:
        page = _around(room, around, limit)
    elif after is not None:
        page = _after(room, after, limit)
    else:
        page = _before(room, before, limit)
    quoted = {row.reply_to_id: row.reply_to for row in page.messages if row.reply_to is not None}
    return {
        "seq": room.seq,
        "messages": [serialize_message(message) for message in page.messages],
        "quoted": [serialize_message(message) for message in quoted.values()],
        "notices": _notices(room, page),
        "has_before": page.has_before,
        "has_after": page.has_after,
    }


def _before(room: Room, seq: int | None, limit: int) -> MessageRange:
    rows = list(Message.objects.newest_before(room.pk, seq).with_quotes()[: limit + 1])
    messages = rows[:limit][::-1]
    more = len(rows) > limit
    return MessageRange(
        messages,
        low=messages[0].seq if more else 0,
        high=None if seq is None else seq - 1,
        has_before=more,
        has_after=seq is not None and _has_newer(room, messages),
    )


def _after(room: Room, seq: int, limit: int) -> MessageRange:
    rows = list(Message.objects.oldest_after(room.pk, seq).with_quotes()[: limit + 1])
    messages = rows[:limit]
    more = len(rows) > limit
    last = messages[-1].seq if messages else seq
    return MessageRange(
        messages,
        low=seq + 1,
        high=last if more else None,
        has_before=messages[0].number > 1 if messages else room.messages > 0,
        has_after=more,
    )


def _around(room: Room, seq: int, limit: int) -> MessageRange:
    older = _before(room, seq + 1, limit // 2 + limit % 2)
    newer = _after(room, seq, limit // 2)
    return MessageRange(
        older.messages + newer.messages,
        low=older.low,
        high=newer.high,
        has_before=older.has_before,
        has_after=newer.has_after,
    )


def _has_newer(room: Room, messages: list[Message]) -> bool:
    return messages[-1].number < room.messages if messages else room.messages > 0


def _notices(room: Room, page: MessageRange) -> list[Data]:
    low = max(page.low, (page.high or room.seq) - MAX_SEARCHED_EVENTS)
    events = Event.objects.notices(room, low, page.high)
    events = events.select_related("actor", "user", "room")
    newest = list(events.order_by("-seq")[:MAX_NOTICES])
    return [msgspec.json.decode(event_entry(event).text) for event in reversed(newest)]

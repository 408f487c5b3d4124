"""A page of a room's messages, as the page shows it and REST hands it out.

Found by seq on the unique (room, seq), never by an offset: a page of a room with 100,000 messages
costs what one of a room with a hundred costs. Other modules call it as `reading.messages_page`.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from django.conf import settings

from hubbub.accounts.models import User
from hubbub.chat import policies
from hubbub.chat.event_log import event_entry
from hubbub.chat.models import Event, Membership, Message, Room
from hubbub.chat.serializers import serialize_message

Frame: TypeAlias = dict[str, Any]

MAX_NOTICES = 100
# How many of a page's events are searched for notices: thousands may join between two messages.
NOTICE_SPAN = 2_000


def own_membership(user: User, room_id: int) -> Membership:
    """Return one's membership with its room, or raise as `policies.ensure_may_read` does."""
    try:
        return Membership.objects.select_related("room").get(user=user, room_id=room_id)
    except Membership.DoesNotExist:
        policies.ensure_may_read(Room.objects.get(pk=room_id), None)
        raise


@dataclass(slots=True)
class Slice:
    """Messages in seq order, and the seqs between which no message of the room is left out."""

    messages: list[Message]
    low: int  # 0: from the room's first event
    high: int | None  # None: to its last
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
) -> Frame:
    """Return the messages before, after or around a seq; without one of these, the newest.

    `seq` is the room's last one before the page was read: whoever holds newer edits and deletions
    applies those to the page. `messages` ascend; `quoted` are those that they reply to; `notices`
    are the other events between them, as event frames, at most MAX_NOTICES.
    """
    room = own_membership(user, room_id).room  # read before the page
    limit = max(1, min(limit, settings.MAX_PAGE_MESSAGES))
    if around is not None:
        part = _around(room, around, limit)
    elif after is not None:
        part = _after(room, after, limit)
    else:
        part = _before(room, before, limit)
    quoted = {row.reply_to_id: row.reply_to for row in part.messages if row.reply_to is not None}
    return {
        "seq": room.seq,
        "messages": [serialize_message(message) for message in part.messages],
        "quoted": [serialize_message(message) for message in quoted.values()],
        "notices": _notices(room, part),
        "has_before": part.has_before,
        "has_after": part.has_after,
    }


def _before(room: Room, seq: int | None, limit: int) -> Slice:
    rows = list(Message.objects.newest_before(room.pk, seq).with_quotes()[: limit + 1])
    messages = rows[:limit][::-1]
    more = len(rows) > limit
    return Slice(
        messages,
        low=messages[0].seq if more else 0,
        high=None if seq is None else seq - 1,
        has_before=more,
        has_after=seq is not None and _goes_on(room, messages),
    )


def _after(room: Room, seq: int, limit: int) -> Slice:
    rows = list(Message.objects.oldest_after(room.pk, seq).with_quotes()[: limit + 1])
    messages = rows[:limit]
    more = len(rows) > limit
    last = messages[-1].seq if messages else seq
    return Slice(
        messages,
        low=seq + 1,
        high=last if more else None,
        has_before=messages[0].number > 1 if messages else room.messages > 0,
        has_after=more,
    )


def _around(room: Room, seq: int, limit: int) -> Slice:
    older = _before(room, seq + 1, limit // 2 + limit % 2)
    newer = _after(room, seq, limit // 2)
    return Slice(
        older.messages + newer.messages,
        low=older.low,
        high=newer.high,
        has_before=older.has_before,
        has_after=newer.has_after,
    )


def _goes_on(room: Room, messages: list[Message]) -> bool:
    return messages[-1].number < room.messages if messages else room.messages > 0


def _notices(room: Room, part: Slice) -> list[Frame]:
    low = max(part.low, (part.high or room.seq) - NOTICE_SPAN)
    events = Event.objects.notices(room, low, part.high)
    events = events.select_related("actor", "user", "room")
    newest = list(events.order_by("-seq")[:MAX_NOTICES])
    return [msgspec.json.decode(event_entry(event).text) for event in reversed(newest)]

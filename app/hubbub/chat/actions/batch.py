"""One transaction of sends: its drafts, the rows that it reads under its locks, what it writes.

Called by `send` alone. However many drafts there are, it asks the database the same few questions,
and one draft that may not be written stops none of the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TypeAlias

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hubbub.chat import policies
from hubbub.chat.actions.scope import LOCK_MS, limit_lock_time
from hubbub.chat.events import announce
from hubbub.chat.models import Event, Membership, Message, Room
from hubbub.chat.text import Composed

MAX_ID = 2**63 - 1

Key: TypeAlias = tuple[int, str]  # sender's id, nonce
Outcome: TypeAlias = Message | Exception


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as its sender gave it. `(sender_id, nonce)` names it for ever."""

    sender_id: int
    room_id: int
    nonce: str
    body: str
    reply_to_id: int | None = None

    @property
    def key(self) -> Key:
        return self.sender_id, self.nonce

    @property
    def is_sound(self) -> bool:
        """Whether a database can be asked for it: in a query for many, it would fail them all."""
        try:
            self.nonce.encode()
        except UnicodeEncodeError:
            return False
        fits = 1 <= len(self.nonce) <= settings.MAX_NONCE_CHARS and "\0" not in self.nonce
        return fits and max(self.room_id, self.reply_to_id or 0) <= MAX_ID


# A draft and its text, read as Markdown before any room is locked.
Ready: TypeAlias = tuple[Draft, Composed | Exception]


class Locking(Enum):
    """How long a batch waits for the locks of its rooms, in milliseconds.

    Two replicas write into the same rooms all the time, each for some milliseconds: who skipped
    what the other holds would write message by message. Whoever holds a room longer than that
    must not delay the other rooms.
    """

    BRIEF = LOCK_MS // 4
    PATIENT = LOCK_MS - LOCK_MS // 4  # after a brief wait: two seconds for both
    FREE = 0  # only the rooms that nobody holds


class RoomLocked(Exception):
    """The draft's room is locked by somebody else just now: send it again, and wait."""


@dataclass(slots=True)
class Batch:
    ready: Sequence[Ready]
    locking: Locking
    _results: dict[int, Outcome] = field(default_factory=dict)  # index of the draft: outcome
    _rooms: dict[int, Room] = field(default_factory=dict)
    _members: dict[tuple[int, int], Membership] = field(default_factory=dict)
    _known: dict[Key, Message] = field(default_factory=dict)
    _quoted: dict[int, Message] = field(default_factory=dict)
    _new: list[Message] = field(default_factory=list)

    def outcomes(self) -> list[Outcome]:
        """Return what became of each draft, in their order, once the transaction is committed."""
        return [self._results[index] for index in range(len(self.ready))]

    def write(self) -> None:
        """Write what may be written. Inside a transaction; raises the database's errors."""
        sound = [draft for draft, _ in self.ready if draft.is_sound]
        self._lock_rooms({draft.room_id for draft in sound})
        self._read(sound)
        for index, (draft, text) in enumerate(self.ready):
            try:
                self._results[index] = self._known.get(draft.key) or self._add(draft, text)
            except Exception as error:
                self._results[index] = error
        if self._new:
            self._save()

    def _lock_rooms(self, room_ids: set[int]) -> None:
        # In the order of their ids: in any other, writers into many rooms deadlock.
        rooms = Room.objects.filter(pk__in=room_ids).order_by("pk")
        # Rooms are not all that is waited for: a nonce may be in another open transaction.
        limit_lock_time(self.locking.value or Locking.BRIEF.value)
        locked = rooms.select_for_update(skip_locked=self.locking is Locking.FREE)
        self._rooms = {room.pk: room for room in locked}

    def _read(self, drafts: list[Draft]) -> None:
        senders = {draft.sender_id for draft in drafts}
        members = Membership.objects.filter(room__in=self._rooms, user__in=senders)
        for member in members.select_related("user"):
            self._members[member.user_id, member.room_id] = member
        nonces = {draft.nonce for draft in drafts}
        known = Message.objects.filter(sender__in=senders, nonce__in=nonces)
        # Nearly always none, and to ask for them whole, with people and quotes, costs much more.
        ids = list(known.values_list("pk", flat=True))
        found = Message.objects.with_people().filter(pk__in=ids) if ids else ()
        self._known = {(message.sender_id, message.nonce): message for message in found}
        quoted = {draft.reply_to_id for draft in drafts if draft.reply_to_id is not None}
        if quoted:
            self._quoted = Message.objects.select_related("sender").in_bulk(quoted)

    def _add(self, draft: Draft, text: Composed | Exception) -> Message:
        if not draft.is_sound:
            raise ValidationError(_("No message can have this room or nonce."), code="invalid")
        room = self._room(draft)
        member = self._members.get((draft.sender_id, room.pk))
        policies.ensure_may_read(room, member)
        assert member is not None
        policies.ensure_may_write(member.user, room, member)
        quoted = self._quote(draft)
        if isinstance(text, Exception):
            raise text
        room.seq += 1
        room.messages += 1
        message = Message(
            room=room,
            seq=room.seq,
            rev=room.seq,
            number=room.messages,
            sender=member.user,
            nonce=draft.nonce,
            body=text.body,
            html=text.html,
            reply_to=quoted,
            created_at=timezone.now(),
        )
        self._new.append(message)
        self._known[draft.key] = message
        return message

    def _room(self, draft: Draft) -> Room:
        room = self._rooms.get(draft.room_id)
        if room is not None:
            return room
        if self.locking is Locking.FREE and Room.objects.filter(pk=draft.room_id).exists():
            raise RoomLocked
        raise Room.DoesNotExist

    def _quote(self, draft: Draft) -> Message | None:
        if draft.reply_to_id is None:
            return None
        quoted = self._quoted.get(draft.reply_to_id)
        if quoted is None or quoted.room_id != draft.room_id:
            raise ValidationError(_("The message replied to is not in this room."), code="invalid")
        return quoted

    def _save(self) -> None:
        Message.objects.bulk_create(self._new)
        events = [
            Event(
                room=message.room,
                seq=message.seq,
                type="message.created",
                at=message.created_at,
                actor=message.sender,
                message=message,
            )
            for message in self._new
        ]
        Event.objects.bulk_create(events)
        save_counts({message.room_id: message.room for message in self._new}.values())
        transaction.on_commit(partial(announce, events))


def save_counts(rooms: Iterable[Room]) -> None:
    """Write how far the logs of rooms, which the caller holds locked, have come.

    Plain SQL: Django's `bulk_update` builds an expression for each value, which took half the
    time of a batch of fifty rooms.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {Room._meta.db_table} SET seq = %s, messages = %s WHERE id = %s",  # noqa: S608
            [(room.seq, room.messages, room.pk) for room in rooms],
        )

"""One transaction of sends: its drafts, the rules that each of them has to pass, what it writes.

Called by `send` alone. However many drafts there are, it asks the database the same few questions
(`rows`), and one draft that may not be written stops none of the others. What can be made ready
before the rooms are locked, or after, is: while a batch holds its rooms, other replicas wait.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeAlias

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hubbub.chat import policies
from hubbub.chat.actions import batch_statements_orm, batch_statements_postgres
from hubbub.chat.actions.batch_statements import Key, Locking, Rows, Seat, Statements
from hubbub.chat.events import announce_created
from hubbub.chat.models import Message, Room
from hubbub.chat.text import Composed

MAX_ID = 2**63 - 1

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
        return Key(self.sender_id, self.nonce)

    @property
    def seat(self) -> Seat:
        return Seat(self.room_id, self.sender_id)

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


class RoomLocked(Exception):
    """The draft's room is locked by somebody else just now: send it again, and wait."""


@dataclass(slots=True)
class Batch:
    ready: Sequence[Ready]
    locking: Locking
    # What became of each draft, in their order: true once the transaction is committed.
    outcomes: list[Outcome] = field(default_factory=list)
    _sound: list[Draft] = field(default_factory=list)
    _quoted: dict[int, Message] = field(default_factory=dict)
    _rows: Rows = field(default_factory=Rows)
    _made: dict[Key, Message] = field(default_factory=dict)  # by a nonce, here or earlier
    _new: list[Message] = field(default_factory=list)

    def prepare(self) -> None:
        """Read what no lock is needed for. Raises the database's errors, as `write` does."""
        self._sound = [draft for draft, _ in self.ready if draft.is_sound]
        quoted = {draft.reply_to_id for draft in self._sound if draft.reply_to_id is not None}
        if quoted:
            # Neither its room nor its seq nor its sender ever changes.
            self._quoted = Message.objects.select_related("sender").in_bulk(quoted)

    def write(self) -> None:
        """Write what may be written. Inside a transaction."""
        seats, keys = {draft.seat for draft in self._sound}, {draft.key for draft in self._sound}
        self._rows = _statements().lock_and_read(seats, keys, self.locking)
        self._made = _messages_by_key(self._rows.known.values())
        now = timezone.now()
        for draft, text in self.ready:
            try:
                self.outcomes.append(self._made.get(draft.key) or self._add(draft, text, now))
            except Exception as error:
                self.outcomes.append(error)
        if self._new:
            _statements().save(self._new)
            transaction.on_commit(partial(announce_created, self._new))

    def _add(self, draft: Draft, text: Composed | Exception, now: datetime) -> Message:
        if not draft.is_sound:
            raise ValidationError(_("This room or nonce isn't valid."), code="invalid")
        room = self._room(draft)
        member = self._rows.members.get(draft.seat)
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
            created_at=now,
        )
        self._new.append(message)
        self._made[draft.key] = message
        return message

    def _room(self, draft: Draft) -> Room:
        room = self._rows.rooms.get(draft.room_id)
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
            raise ValidationError(
                _("The message you're replying to isn't in this room."), code="invalid"
            )
        return quoted


def _statements() -> Statements:
    return batch_statements_postgres if connection.vendor == "postgresql" else batch_statements_orm


def _messages_by_key(ids: Collection[int]) -> dict[Key, Message]:
    # Nearly always none.
    found = Message.objects.with_people().in_bulk(ids) if ids else {}
    return {Key(message.sender_id, message.nonce): message for message in found.values()}

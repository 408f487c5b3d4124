"""Saves many drafts in one transaction, and contains the rules that each draft must pass.

Only `send` calls this. A batch makes the same few queries (`batch_statements`) for any number of
drafts, and a draft that breaks a rule does not stop the others. As much work as possible is done
before the rooms are locked or after they are released, because other replicas wait for them in the
meantime.
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
from hubbub.chat.actions.batch_statements import (
    LockedRows,
    LockWait,
    MembershipKey,
    MessageKey,
    Statements,
)
from hubbub.chat.event_recording import publish_new_messages
from hubbub.chat.models import Message, Room
from hubbub.chat.text import Composed

MAX_ID = 2**63 - 1

Outcome: TypeAlias = Message | Exception


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as its sender submitted it, identified by `(sender_id, nonce)`."""

    sender_id: int
    room_id: int
    nonce: str
    body: str
    reply_to_id: int | None = None

    @property
    def message_key(self) -> MessageKey:
        return MessageKey(self.sender_id, self.nonce)

    @property
    def membership_key(self) -> MembershipKey:
        return MembershipKey(self.room_id, self.sender_id)

    @property
    def fits_a_query(self) -> bool:
        """Whether the database accepts the draft's values. If not, its whole batch fails."""
        try:
            self.nonce.encode()
        except UnicodeEncodeError:
            return False
        fits = 1 <= len(self.nonce) <= settings.MAX_NONCE_CHARS and "\0" not in self.nonce
        return fits and max(self.room_id, self.reply_to_id or 0) <= MAX_ID


# A draft with its composed text. Its Markdown is rendered before any room is locked.
PreparedDraft: TypeAlias = tuple[Draft, Composed | Exception]


class RoomLocked(Exception):
    """Another transaction holds the draft's room. Send the draft again, and wait for the lock."""


@dataclass(slots=True)
class SendBatch:
    drafts: Sequence[PreparedDraft]
    wait: LockWait
    # The outcome of each draft, in order. Valid once the transaction is committed.
    outcomes: list[Outcome] = field(default_factory=list)
    _queryable: list[Draft] = field(default_factory=list)
    _quoted: dict[int, Message] = field(default_factory=dict)
    _rows: LockedRows = field(default_factory=LockedRows)
    _messages: dict[MessageKey, Message] = field(default_factory=dict)  # existing and new messages
    _new: list[Message] = field(default_factory=list)

    def prepare(self) -> None:
        """Read what needs no lock. Like `write`, raises the database's errors."""
        self._queryable = [draft for draft, _ in self.drafts if draft.fits_a_query]
        quoted = {draft.reply_to_id for draft in self._queryable if draft.reply_to_id is not None}
        if quoted:
            # The room, seq and sender of a message never change.
            self._quoted = Message.objects.select_related("sender").in_bulk(quoted)

    def write(self) -> None:
        """Write every draft that passes the rules. Call it inside a transaction."""
        self._rows = _statements().lock_and_read(
            {draft.membership_key for draft in self._queryable},
            {draft.message_key for draft in self._queryable},
            self.wait,
        )
        self._messages = _messages_by_key(self._rows.existing.values())
        now = timezone.now()
        for draft, text in self.drafts:
            try:
                existing = self._messages.get(draft.message_key)
                self.outcomes.append(existing or self._add(draft, text, now))
            except Exception as error:
                self.outcomes.append(error)
        if self._new:
            _statements().save(self._new)
            transaction.on_commit(partial(publish_new_messages, self._new))

    def _add(self, draft: Draft, text: Composed | Exception, now: datetime) -> Message:
        if not draft.fits_a_query:
            raise ValidationError(_("This room or nonce isn't valid."), code="invalid")
        room = self._room(draft)
        membership = self._rows.memberships.get(draft.membership_key)
        policies.ensure_may_read(room, membership)
        assert membership is not None
        policies.ensure_may_write(membership.user, room, membership)
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
            sender=membership.user,
            nonce=draft.nonce,
            body=text.body,
            html=text.html,
            reply_to=quoted,
            created_at=now,
        )
        self._new.append(message)
        self._messages[draft.message_key] = message
        return message

    def _room(self, draft: Draft) -> Room:
        room = self._rows.rooms.get(draft.room_id)
        if room is not None:
            return room
        if self.wait is LockWait.SKIP_LOCKED and Room.objects.filter(pk=draft.room_id).exists():
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


def _messages_by_key(ids: Collection[int]) -> dict[MessageKey, Message]:
    # Most batches look up no messages, so they need no query.
    messages = Message.objects.with_users().in_bulk(ids) if ids else {}
    return {MessageKey(message.sender_id, message.nonce): message for message in messages.values()}

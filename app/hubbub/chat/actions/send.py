"""Sends messages: one for REST or a management command, many in a transaction for WebSockets.

`send_many` is the only action that accepts several messages. A replica's group commit passes it all
sends that arrived while the previous transaction ran. A message that fails never makes another one
fail, and messages to one room are never written out of order.
"""

from collections.abc import Sequence

from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)

from hubbub.accounts.models import User
from hubbub.chat.actions import read_marks
from hubbub.chat.actions.batch_statements import LockWait
from hubbub.chat.actions.room_lock import is_lock_timeout
from hubbub.chat.actions.send_batch import Draft, Outcome, PreparedDraft, RoomLocked, SendBatch
from hubbub.chat.models import Message
from hubbub.chat.text import compose


def send(
    actor: User, *, room_id: int, nonce: str, body: str, reply_to_id: int | None = None
) -> Message:
    """Save a message and return it. If the nonce was used before, return the existing message.

    Moves the sender's read mark. Raises the exceptions that all actions raise.
    """
    [outcome] = send_many([Draft(actor.pk, room_id, nonce, body, reply_to_id)])
    if isinstance(outcome, Exception):
        raise outcome
    read_marks.mark({(actor.pk, outcome.room_id): outcome.number})
    return outcome


def send_many(drafts: Sequence[Draft], wait: LockWait = LockWait.FULL) -> list[Outcome]:
    """Save drafts in one transaction. Return a message or an exception for each, in order.

    With a `wait` other than FULL, drafts to rooms that stay locked fail early with `RoomLocked`. If
    a batch fails as a whole (because another transaction used one of its nonces, or because of a
    deadlock), each message is tried again separately. The caller moves the read marks: replicas
    write them in batches.
    """
    return _send([_prepare(draft) for draft in drafts], wait)


def _prepare(draft: Draft) -> PreparedDraft:
    try:
        return draft, compose(draft.body)
    except Exception as error:
        return draft, error


def _send(drafts: Sequence[PreparedDraft], wait: LockWait) -> list[Outcome]:
    batch = SendBatch(drafts, wait)
    try:
        batch.prepare()
        with transaction.atomic():
            batch.write()
    except (IntegrityError, OperationalError, InterfaceError) as error:
        connection.close_if_unusable_or_obsolete()
        if wait is LockWait.SHORT and is_lock_timeout(error):
            return _send(drafts, LockWait.SKIP_LOCKED)
        if len(drafts) > 1:
            return _send_one_by_one(drafts, wait)
        return [_existing_message(drafts[0][0]) if isinstance(error, IntegrityError) else error]
    return batch.outcomes


def _send_one_by_one(drafts: Sequence[PreparedDraft], wait: LockWait) -> list[Outcome]:
    # Here even a SHORT wait for each locked room would add up and delay the drafts of other rooms.
    wait = LockWait.FULL if wait is LockWait.FULL else LockWait.SKIP_LOCKED
    outcomes: list[Outcome] = []
    locked: set[int] = set()
    for prepared in drafts:
        draft, _ = prepared
        # An earlier draft to this room is still waiting and must go first, even if the room is free
        # by now.
        if draft.room_id in locked:
            outcomes.append(RoomLocked())
            continue
        outcomes += _send([prepared], wait)
        if isinstance(outcomes[-1], RoomLocked):
            locked.add(draft.room_id)
        if isinstance(outcomes[-1], (OperationalError, InterfaceError)) and not _is_answering():
            # Give up: each of the other drafts would also wait for the database, and delay the next
            # batch.
            return outcomes + outcomes[-1:] * (len(drafts) - len(outcomes))
    return outcomes


def _is_answering() -> bool:
    try:
        connection.ensure_connection()
        return connection.is_usable()
    except (OperationalError, InterfaceError):
        return False


def _existing_message(draft: Draft) -> Outcome:
    """Return the message that another transaction saved with the same nonce, or the error."""
    messages = Message.objects.with_users()
    try:
        return messages.get(sender_id=draft.sender_id, nonce=draft.nonce)
    except (Message.DoesNotExist, OperationalError, InterfaceError) as error:
        return error

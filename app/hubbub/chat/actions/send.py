"""Sending messages: one at a time for REST and commands, many in one transaction for sockets.

The only action that takes many: a replica's writer puts whatever arrived while the last transaction
ran into the next one (group commit). One message that fails never fails another, and drafts of one
room are never written out of their order.
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
from hubbub.chat.actions.batch_statements import Locking
from hubbub.chat.actions.room_lock import is_lock_timeout
from hubbub.chat.actions.send_batch import Batch, Draft, Outcome, Ready, RoomLocked
from hubbub.chat.models import Message
from hubbub.chat.text import compose


def send(
    actor: User, *, room_id: int, nonce: str, body: str, reply_to_id: int | None = None
) -> Message:
    """Save a message and return it; the first one again for a nonce that was used.

    Moves the sender's read mark. Raises as all actions do.
    """
    [outcome] = send_many([Draft(actor.pk, room_id, nonce, body, reply_to_id)])
    if isinstance(outcome, Exception):
        raise outcome
    read_marks.mark({(actor.pk, outcome.room_id): outcome.number})
    return outcome


def send_many(drafts: Sequence[Draft], locking: Locking = Locking.PATIENT) -> list[Outcome]:
    """Save drafts in one transaction; return for each its message, or why not, in their order.

    Unless the locking is patient, drafts of rooms that somebody else keeps locked come back as
    `RoomLocked` soon. A batch that fails (a nonce taken meanwhile in another room, a deadlock) is
    tried again message by message. Read marks are the caller's: replicas write them in batches of
    their own.
    """
    return _send([_compose(draft) for draft in drafts], locking)


def _compose(draft: Draft) -> Ready:
    try:
        return draft, compose(draft.body)
    except Exception as error:
        return draft, error


def _send(ready: Sequence[Ready], locking: Locking) -> list[Outcome]:
    batch = Batch(ready, locking)
    try:
        batch.prepare()
        with transaction.atomic():
            batch.write()
    except (IntegrityError, OperationalError, InterfaceError) as error:
        connection.close_if_unusable_or_obsolete()
        if locking is Locking.BRIEF and is_lock_timeout(error):
            return _send(ready, Locking.FREE)
        if len(ready) > 1:
            return _one_by_one(ready, locking)
        return [_first_result(ready[0][0]) if isinstance(error, IntegrityError) else error]
    return batch.outcomes


def _one_by_one(ready: Sequence[Ready], locking: Locking) -> list[Outcome]:
    # Waiting for each in turn would keep all the others waiting.
    each = Locking.PATIENT if locking is Locking.PATIENT else Locking.FREE
    outcomes: list[Outcome] = []
    locked: set[int] = set()
    for item in ready:
        if item[0].room_id in locked:  # free by now or not: what was sent before it goes first
            outcomes.append(RoomLocked())
            continue
        outcomes += _send([item], each)
        if isinstance(outcomes[-1], RoomLocked):
            locked.add(item[0].room_id)
        if isinstance(outcomes[-1], (OperationalError, InterfaceError)) and not _is_answering():
            # Asking again for each would keep all of them, and all who come after, waiting.
            return outcomes + outcomes[-1:] * (len(ready) - len(outcomes))
    return outcomes


def _is_answering() -> bool:
    try:
        connection.ensure_connection()
        return connection.is_usable()
    except (OperationalError, InterfaceError):
        return False


def _first_result(draft: Draft) -> Outcome:
    """Return what the nonce made meanwhile, in another transaction, or the error of looking."""
    made = Message.objects.with_people().filter(sender_id=draft.sender_id, nonce=draft.nonce)
    try:
        return made.get()
    except (Message.DoesNotExist, OperationalError, InterfaceError) as error:
        return error

"""The rows that a batch of sends works on, and the two statements that it needs.

`send_batch` contains the rules and uses only the names in this module. Two modules implement
`Statements`: `batch_statements_postgres` and `batch_statements_orm`. These two contain no rules,
and the same tests pass on both.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from hubbub.chat.actions.room_lock import LOCK_MS
from hubbub.chat.models import Membership, Message, Room


class LockWait(Enum):
    """How long a batch waits for the locks of its rooms, in milliseconds.

    Two replicas often write to the same rooms, each for a few milliseconds. A batch that skipped
    every locked room would end up writing message by message. But a room that stays locked for
    longer must not delay the other rooms.
    """

    SHORT = LOCK_MS // 4
    FULL = LOCK_MS - LOCK_MS // 4  # waits after SHORT; both together last LOCK_SECONDS
    SKIP_LOCKED = 0  # waits for no room, and uses only those that are free

    @property
    def milliseconds(self) -> int:
        """The time limit for waiting, which is never 0.

        Even with SKIP_LOCKED a batch needs a limit: it can wait for another open transaction that
        saves a message with one of its nonces.
        """
        return self.value or LockWait.SHORT.value


class MessageKey(NamedTuple):
    """Identifies a message from its draft on, for as long as the message exists."""

    sender_id: int
    nonce: str


class MembershipKey(NamedTuple):
    room_id: int
    user_id: int


@dataclass(slots=True)
class LockedRows:
    """What a batch reads while it holds its locks. The batch uses nothing that was read earlier."""

    rooms: dict[int, Room] = field(default_factory=dict)  # the rooms that are locked
    # Memberships, each with its user.
    memberships: dict[MembershipKey, Membership] = field(default_factory=dict)
    existing: dict[MessageKey, int] = field(default_factory=dict)  # message ids of used nonces


class Statements(Protocol):
    def lock_and_read(
        self,
        memberships: Collection[MembershipKey],
        messages: Collection[MessageKey],
        wait: LockWait,
    ) -> LockedRows:
        """Lock the rooms of the memberships until the end of the transaction, then read the rows.

        Rooms are locked in the order of their ids. In any other order, batches that write to
        several rooms would deadlock.
        """

    def save(self, messages: Sequence[Message]) -> None:
        """Insert new messages, set their ids, add their events, and count them in their rooms."""

"""The rows of a batch of sends, and what it asks of a database for them.

`batch` holds the rules and knows these names alone. What stands behind them is written twice, in
`rows_postgres` and `rows_plain`: statements, never rules, and the same tests pass on both.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from hubbub.chat.actions.room_lock import LOCK_MS
from hubbub.chat.models import Membership, Message, Room


class Locking(Enum):
    """How long a batch waits for the locks of its rooms, in milliseconds.

    Two replicas write into the same rooms all the time, each for some milliseconds: who skipped
    what the other holds would write message by message. Whoever holds a room longer than that
    must not delay the other rooms.
    """

    BRIEF = LOCK_MS // 4
    PATIENT = LOCK_MS - LOCK_MS // 4  # after a brief wait: two seconds for both
    FREE = 0  # only the rooms that nobody holds

    @property
    def milliseconds(self) -> int:
        """Rooms are not all that is waited for: a nonce may be in another open transaction."""
        return self.value or Locking.BRIEF.value


class Key(NamedTuple):
    """The name of a message for ever."""

    sender_id: int
    nonce: str


class Seat(NamedTuple):
    room_id: int
    user_id: int


@dataclass(slots=True)
class Rows:
    """What a batch reads under its locks, and looks at nothing older."""

    rooms: dict[int, Room] = field(default_factory=dict)  # those that are locked
    members: dict[Seat, Membership] = field(default_factory=dict)  # with their users
    known: dict[Key, int] = field(default_factory=dict)  # id of the message that a nonce made


class Statements(Protocol):
    def lock_and_read(
        self, seats: Collection[Seat], keys: Collection[Key], locking: Locking
    ) -> Rows:
        """Lock the rooms of the seats until the end of the transaction, and then read.

        In the order of their ids: in any other, writers into many rooms deadlock.
        """

    def save(self, messages: Sequence[Message]) -> None:
        """Insert new messages, give them their ids, log them, and count them in their rooms."""

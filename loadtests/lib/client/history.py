"""What one client saw and did, in order: the checker's input.

`ClientProtocol` writes it. An entry says what crossed the wire, not what was intended. Times are
seconds of the machine's monotonic clock, so that histories of one machine can be compared.
"""

import time
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

Frame: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Connected:
    """The server welcomed a connection; `user` is the user that it authenticated."""

    at: float
    user: int
    connection: str
    replica: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended; 1006 without a close frame."""

    at: float
    code: int


@dataclass(frozen=True, slots=True)
class SubscribeSent:
    """A subscription starts: it wants every event after `position` (null: only new ones)."""

    at: float
    room: int
    position: int | None


@dataclass(frozen=True, slots=True)
class Subscribed:
    at: float
    room: int
    seq: int
    resumed: bool
    online: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class EventReceived:
    """An event of a room's log arrived."""

    at: float
    room: int
    seq: int
    type: str
    message: Frame | None


@dataclass(frozen=True, slots=True)
class RoomLoaded:
    """The room was loaded over REST; its last seq was `seq` or higher by then."""

    at: float
    room: int
    seq: int
    messages: tuple[Frame, ...] | None = None  # None: not recorded


@dataclass(frozen=True, slots=True)
class SubscriptionEnded:
    """The server ended or refused a subscription: the user left, was removed, or has no access."""

    at: float
    room: int
    reason: str


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Who came online and who went offline in a room, as the server reported it."""

    at: float
    room: int
    joined: tuple[int, ...]
    left: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CommandSent:
    """A command was sent; a retry is an entry of its own."""

    at: float
    ref: int
    command: Frame


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """`ok` (then `code` is None) or a `problem`; `message` if the answer carries one."""

    at: float
    ref: int
    command: Frame
    code: str | None
    message: Frame | None


@dataclass(frozen=True, slots=True)
class AccessRevoked:
    """A user lost access: the request that took it away was sent at `requested_at`, answered `at`.

    `clients` are the names of the user's clients; `room` is None if they lost all rooms.
    """

    at: float
    requested_at: float
    clients: tuple[str, ...]
    room: int | None


Entry: TypeAlias = (
    Connected
    | Disconnected
    | SubscribeSent
    | Subscribed
    | EventReceived
    | RoomLoaded
    | SubscriptionEnded
    | PresenceChanged
    | CommandSent
    | CommandAnswered
    | AccessRevoked
)
AnyEntry = TypeVar("AnyEntry", bound=Entry)


@dataclass(slots=True)
class History:
    """One client's entries in order of time, and the rooms as it shows them at the end.

    `entries` may be a `deque` with a `maxlen` if a run is too long to keep all of it; `watch` is
    called with each entry as it happens, and so misses none.
    """

    name: str
    entries: MutableSequence[Entry] = field(default_factory=list)
    # By room: the messages as shown, in order; the seq after which the view is complete.
    views: dict[int, list[Frame]] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)
    ended: float | None = None  # when the client closed for good
    clock: Callable[[], float] = time.monotonic
    watch: Callable[[Entry], None] | None = None

    def add(self, kind: Callable[..., Entry], *values: Any) -> None:
        entry = kind(self.clock(), *values)
        self.entries.append(entry)
        if self.watch is not None:
            self.watch(entry)

    def newest(self, kind: type[AnyEntry]) -> AnyEntry | None:
        return next((one for one in reversed(self.entries) if isinstance(one, kind)), None)

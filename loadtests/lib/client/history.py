"""What one client saw and did, in order: the checker's input.

`ClientProtocol` writes the history. An entry says what was really sent or received, not what was
intended. Times are in seconds of the machine's monotonic clock, so that the histories of one
machine can be compared.
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
    """The connection ended. `code` is 1006 if there was no close frame."""

    at: float
    code: int


@dataclass(frozen=True, slots=True)
class SubscribeSent:
    """A subscription starts.

    It asks for all events after `position`, or only for new events if `position` is null.
    """

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
    """The room was loaded over REST. Its last seq was then at least `seq`."""

    at: float
    room: int
    seq: int
    messages: tuple[Frame, ...] | None = None  # None if they were not recorded


@dataclass(frozen=True, slots=True)
class SubscriptionEnded:
    """The server ended or refused a subscription.

    The user left the room, was removed from it, or has no access to it.
    """

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
    """A command was sent. A retry has an entry of its own."""

    at: float
    ref: int
    command: Frame


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """A command was answered with `ok` (`code` is None) or with a `problem`.

    `message` is the message in the answer, if there is one.
    """

    at: float
    ref: int
    command: Frame
    code: str | None
    message: Frame | None


@dataclass(frozen=True, slots=True)
class AccessRevoked:
    """A user lost access to a room, or to all rooms (`room` is None).

    The request that took the access away was sent at `requested_at` and answered at `at`. `clients`
    are the names of the user's clients.
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
    """The entries of one client in order of time, and the rooms as it shows them at the end.

    If a run is too long to keep all entries, `entries` can be a `deque` with a `maxlen`. `watch` is
    called with each entry as it happens, so it misses none.
    """

    name: str
    entries: MutableSequence[Entry] = field(default_factory=list)
    # For each room: the messages that the client shows, in order, and the seq after which the view
    # is complete.
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

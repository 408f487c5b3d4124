"""What one client saw and did, in order: the checker's input.

The conversation writes it, whoever wants to judge reads it. An entry says what crossed the wire,
never what was meant; times are seconds of the machine's monotonic clock, so that histories of one
machine can be laid side by side.
"""

import time
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Frame: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Connected:
    """A socket is open; `user` is whom the server took the client for."""

    at: float
    user: int
    connection: str
    replica: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The socket is gone; 1006 where no close frame came."""

    at: float
    code: int


@dataclass(frozen=True, slots=True)
class SubscribeSent:
    """A subscription begins: everything above `position` is wanted (null: from now on)."""

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
    """The room was loaded anew over REST; its last seq was `seq` or more by then."""

    at: float
    room: int
    seq: int
    messages: tuple[Frame, ...] | None = None  # None: not kept


@dataclass(frozen=True, slots=True)
class SubscriptionEnded:
    """The subscription is over: one left, was put out, or may not be there."""

    at: float
    room: int
    reason: str


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Who came and went in a room, as the server told it."""

    at: float
    room: int
    joined: tuple[int, ...]
    left: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CommandSent:
    """A command went out: once for every time that it was tried."""

    at: float
    ref: int
    command: Frame


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """`ok` (then `code` is None) or a `problem`; `message` where the answer carries one."""

    at: float
    ref: int
    command: Frame
    code: str | None
    message: Frame | None


@dataclass(frozen=True, slots=True)
class AccessRevoked:
    """Somebody may no longer be there: whoever did it was answered now, having asked before.

    `who` are the clients concerned, by name; `room` is None where all rooms are over for them.
    """

    at: float
    requested_at: float
    who: tuple[str, ...]
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


@dataclass(slots=True)
class History:
    """One client's entries in order of time, and the rooms as it shows them at the end.

    `entries` may be a `deque` with a `maxlen` where a run is too long to keep all of it; `watch`
    is told of each as it happens, and so misses none.
    """

    name: str
    entries: MutableSequence[Entry] = field(default_factory=list)
    # room: its messages as shown, in order; and the seq after which the view is complete
    views: dict[int, list[Frame]] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)
    ended: float | None = None  # when the client went for good
    clock: Callable[[], float] = time.monotonic
    watch: Callable[[Entry], None] | None = None

    def add(self, kind: Callable[..., Entry], *facts: Any) -> None:
        entry = kind(self.clock(), *facts)
        self.entries.append(entry)
        if self.watch is not None:
            self.watch(entry)

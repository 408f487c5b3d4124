"""What a conversation wants done: the shell does these, in the order given."""

from dataclasses import dataclass
from typing import TypeAlias

from loadtests.lib.client.history import Frame


@dataclass(frozen=True, slots=True)
class WriteFrame:
    """Write a frame to the socket."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class LoadRoom:
    """Load a room over REST, then call `loaded` with the same `load`."""

    room: int
    load: int


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Call `again` in so many seconds."""

    ref: int
    after_seconds: float


@dataclass(frozen=True, slots=True)
class CommandDone:
    """A command has its last answer."""

    ref: int
    answer: Frame


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Open another socket, anywhere, in so many seconds."""

    after_seconds: float


@dataclass(frozen=True, slots=True)
class SwitchConnection:
    """Open the next socket now, beside this one; call `moved` with its welcome."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Do not come back: the server said so."""

    code: int


Effect: TypeAlias = (
    WriteFrame | LoadRoom | RetryLater | CommandDone | Reconnect | SwitchConnection | Stop
)

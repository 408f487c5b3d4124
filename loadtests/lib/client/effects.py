"""The actions that `ClientProtocol` requests; its client performs them in the order given."""

from dataclasses import dataclass
from typing import TypeAlias

from loadtests.lib.client.history import Frame


@dataclass(frozen=True, slots=True)
class WriteFrame:
    """Write a frame to the socket."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class LoadRoom:
    """Load a room over REST. Then call `loaded` with the number of this load."""

    room: int
    load: int


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Call `retry` after this time."""

    ref: int
    after_seconds: float


@dataclass(frozen=True, slots=True)
class CommandDone:
    """A command has its final answer."""

    ref: int
    answer: Frame


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Open another socket, to any address, after this time."""

    after_seconds: float


@dataclass(frozen=True, slots=True)
class SwitchConnection:
    """Open the next socket while the current one is open. Then call `switched` with the welcome."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Do not reconnect: the server's close code forbids it."""

    code: int


Effect: TypeAlias = (
    WriteFrame | LoadRoom | RetryLater | CommandDone | Reconnect | SwitchConnection | Stop
)

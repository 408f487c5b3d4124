"""The actions that `ClientProtocol` requests. Its `Client` performs them in the given order."""

from dataclasses import dataclass
from typing import TypeAlias

from loadtests.lib.client.history import Frame


@dataclass(frozen=True, slots=True)
class WriteFrame:
    """Write a frame to the socket."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class LoadRoom:
    """Load a room over REST. Then call the protocol's `loaded` with the number of this load."""

    room: int
    load: int


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Call the protocol's `retry` after this time."""

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
    """Open the next socket while this one is open. Then call `switched` with the new `welcome`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Do not reconnect: the server's close code forbids it."""

    code: int


Effect: TypeAlias = (
    WriteFrame | LoadRoom | RetryLater | CommandDone | Reconnect | SwitchConnection | Stop
)

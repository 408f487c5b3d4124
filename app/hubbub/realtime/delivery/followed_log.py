"""A log as one replica follows it: the log of a local room, or the workspace log.

Entries from the bus and from the database enter only through `receive`.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hubbub.chat.log_entries import LogEntry
from hubbub.chat.publisher import group_for_log, host_for_group
from hubbub.realtime.delivery.replay_buffer import ReplayBuffer
from hubbub.realtime.delivery.resequencer import Resequencer


@dataclass(eq=False, slots=True)
class FollowedLog:
    """A log that this replica follows.

    `id` is a room's id or WORKSPACE_LOG. `on_gap` is called when an entry is missing.
    """

    id: int
    resequencer: Resequencer
    on_gap: Callable[["FollowedLog"], None]
    # This replica has received its own join check through the log's group.
    subscribed: bool = False
    read_lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # one task reads at a time

    @property
    def seq(self) -> int | None:
        """The seq of the last delivered entry, or None before `start`."""
        return self.resequencer.seq

    @property
    def replay_buffer(self) -> ReplayBuffer:
        return self.resequencer.replay_buffer

    @property
    def host(self) -> int:
        """The index of the Redis host that carries the log's group."""
        return host_for_group(group_for_log(self.id))

    def start(self, seq: int) -> None:
        """Start after `seq`. Deliver later entries that were received before the start."""
        self.resequencer.start(seq)
        self.receive(())

    def receive(self, entries: Iterable[LogEntry], committed_at: float | None = None) -> None:
        """Receive entries in any order. Deliver each of them once, in seq order.

        `committed_at` (seconds since 1970) is known for entries from the bus.
        """
        raise NotImplementedError

    def is_behind(self, seq: int) -> bool:
        return self.seq is not None and self.seq < seq

    def report_gap(self, now: float) -> None:
        """Call `on_gap` if an entry is missing. Every `receive` calls this at its end."""
        if self.resequencer.has_gap(now, 0.0):
            self.on_gap(self)


def data_of(entry: LogEntry) -> dict[str, Any]:
    """Return an entry's decoded text: a client's frame, or the data of an account event."""
    data: dict[str, Any] = msgspec.json.decode(entry.text)
    return data

"""Puts the entries of one log back in order and finds gaps. Pure: no I/O and no clock.

Entries come from the bus and from the database, in any order and any number of times. `receive`
returns each of them once, in seq order.
"""

from collections.abc import Iterable

from hubbub.chat.log_entries import LogEntry
from hubbub.realtime.delivery.replay_buffer import ReplayBuffer

# How many entries may wait for earlier ones. Further entries are dropped and read from the log
# later.
MAX_HELD = 1_000


class Resequencer:
    """Orders the entries of one log.

    `seq` is the seq of the last returned entry, or None before `start`.
    """

    def __init__(self, replay_buffer: ReplayBuffer) -> None:
        self.replay_buffer = replay_buffer
        self.seq: int | None = None
        self._held: dict[int, LogEntry] = {}
        self._held_since: float | None = None

    def start(self, seq: int) -> None:
        """Start after `seq`. The next `receive` also returns entries received before the start."""
        self.seq = seq
        self.replay_buffer.start(seq)

    def receive(self, entries: Iterable[LogEntry], now: float) -> list[LogEntry]:
        """Add entries in any order. Return the entries that are next in seq. `now` is in seconds.

        The returned entries are already in the replay buffer.
        """
        for entry in entries:
            if self._may_hold(entry.seq):
                self._held[entry.seq] = entry
        if self.seq is None:
            return []
        ready = []
        while (next_entry := self._held.pop(self.seq + 1, None)) is not None:
            self.seq += 1
            self.replay_buffer.add(next_entry)
            ready.append(next_entry)
        self._update_held(now, has_advanced=bool(ready))
        return ready

    def has_gap(self, now: float, seconds: float) -> bool:
        """Return whether entries have waited for a missing one for at least `seconds`."""
        return self._held_since is not None and now - self._held_since >= seconds

    def _may_hold(self, seq: int) -> bool:
        if self.seq is None:
            return len(self._held) < MAX_HELD
        # The limit is on the seq, not on the count: the next entry must always be accepted.
        return self.seq < seq <= self.seq + MAX_HELD

    def _update_held(self, now: float, *, has_advanced: bool) -> None:
        assert self.seq is not None
        if self._held:
            self._held = {seq: entry for seq, entry in self._held.items() if seq > self.seq}
        if not self._held:
            self._held_since = None
        elif has_advanced or self._held_since is None:
            self._held_since = now

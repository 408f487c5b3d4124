"""A feed: one log as one replica follows it. The order and gap rule, and recent memory. Pure.

The hub offers whatever it hears or reads, in any order, any number of times; what comes back is to
be delivered: each entry once, in seq order. Nothing here does I/O or reads a clock.
"""

from collections import deque
from collections.abc import Iterable

from hubbub.chat.events import Entry

# Entries that may wait for the ones before them; more are read from the log instead.
MAX_HELD = 1_000
CHANGES = ("message.edited", "message.deleted")


class Memory:
    """The recent entries of a log, for resumes. Holds no text that is no longer true.

    When a message is edited or deleted, its older frames are dropped: whoever needs one of them
    reads the log.
    """

    def __init__(self, max_entries: int) -> None:
        self._entries: deque[Entry | None] = deque(maxlen=max_entries)  # None: dropped
        self._last = 0

    def start(self, seq: int) -> None:
        """Begin after `seq`."""
        self._entries.clear()
        self._last = seq

    def add(self, entry: Entry) -> None:
        """Remember the next entry of the log."""
        if entry.type in CHANGES:
            self._drop(entry.message)
        self._entries.append(entry)
        self._last = entry.seq

    def since(self, seq: int) -> list[Entry] | None:
        """Return all entries after `seq`, or None when the log has to be asked."""
        count = self._last - seq
        if count <= 0:
            return []
        if count > len(self._entries):
            return None
        start = len(self._entries) - count
        recent = [self._entries[index] for index in range(start, len(self._entries))]
        whole = [entry for entry in recent if entry is not None]
        return whole if len(whole) == count else None

    def _drop(self, message: int | None) -> None:
        for index, entry in enumerate(self._entries):
            if entry is not None and entry.message == message:
                self._entries[index] = None


class Feed:
    """Where a replica is in a log: `seq` is the last entry delivered, None before the start."""

    def __init__(self, log: int, memory_entries: int) -> None:
        self.log = log
        self.seq: int | None = None
        self.memory = Memory(memory_entries)
        self._held: dict[int, Entry] = {}
        self._held_since: float | None = None

    def start(self, seq: int, now: float) -> list[Entry]:
        """Begin after `seq`; return what had come before the start and follows it."""
        self.seq = seq
        self.memory.start(seq)
        return self._ready(now)

    def offer(self, entries: Iterable[Entry], now: float) -> list[Entry]:
        """Take entries as they come; return those whose turn it is. `now` in seconds."""
        for entry in entries:
            if self._may_hold(entry.seq):
                self._held[entry.seq] = entry
        return self._ready(now)

    def _may_hold(self, seq: int) -> bool:
        if self.seq is None:
            return len(self._held) < MAX_HELD
        # Bounded by position: what comes next must always find a place.
        return self.seq < seq <= self.seq + MAX_HELD

    def misses(self, now: float, patience: float) -> bool:
        """Tell whether entries have waited `patience` seconds for one that does not come."""
        return self._held_since is not None and now - self._held_since >= patience

    def _ready(self, now: float) -> list[Entry]:
        if self.seq is None:
            return []
        ready = []
        while (entry := self._held.pop(self.seq + 1, None)) is not None:
            self.seq += 1
            self.memory.add(entry)
            ready.append(entry)
        if self._held:
            self._held = {seq: entry for seq, entry in self._held.items() if seq > self.seq}
        if not self._held:
            self._held_since = None
        elif ready or self._held_since is None:
            self._held_since = now
        return ready

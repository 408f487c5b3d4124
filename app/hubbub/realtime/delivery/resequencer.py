"""A feed: one log as one replica follows it. The order and gap rule, and recent memory. Pure.

The hub offers whatever it hears or reads, in any order, any number of times; what comes back is to
be delivered: each entry once, in seq order. Nothing here does I/O or reads a clock.
"""

import math
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import cast

from hubbub.chat.events import Entry

# Entries that may wait for the ones before them; more are read from the log instead.
MAX_HELD = 1_000
CHANGES = ("message.edited", "message.deleted")


class Memory:
    """The recent entries of a log, for resumes. Holds no text that is no longer true.

    When a message is edited or deleted, its older frames are dropped: whoever needs one of them
    reads the log, and what was read is remembered for the next one (`extend`).
    """

    def __init__(
        self, max_entries: int, max_extended: int = 0, max_bytes: float = math.inf
    ) -> None:
        """Keep the last `max_entries`; up to `max_extended` where what was read goes further back.

        So that nobody who comes back after a restart reads what others have just read. Of long
        texts fewer are kept: those of `max_bytes` in all, and always the last one.
        """
        self._max, self._max_extended = max_entries, max(max_entries, max_extended)
        self._max_bytes = max_bytes
        self._entries: deque[Entry | None] = deque()  # up to `_last`, no holes; None: dropped
        self._bytes = 0
        self._last = 0

    def start(self, seq: int) -> None:
        """Begin after `seq`."""
        self._entries.clear()
        self._bytes = 0
        self._last = seq

    def add(self, entry: Entry) -> None:
        """Remember the next entry of the log."""
        if entry.type in CHANGES:
            self._drop(entry.message)
        if len(self._entries) >= self._max:
            self._forget_first()
        self._bytes += _size(entry)
        while self._bytes > self._max_bytes and self._entries:
            self._forget_first()
        self._entries.append(entry)
        self._last = entry.seq

    def extend(self, entries: Sequence[Entry], as_of: int) -> None:
        """Remember what the log had, in seq order, when it had come to `as_of` or further.

        Fills what was dropped and goes further back. A frame shows its message as it was when it
        was read: where an entry after `as_of` changed the message, the frame may be older than the
        change, and is left out. What changed by then or is above `_last` is no harm: the frame has
        the former already, and the latter's own entry, when it comes, drops the frame.
        """
        if not entries:
            return
        as_of = max(as_of, entries[-1].seq)
        changed = self._changed_after(as_of)
        for entry in reversed(entries):
            first = self._last - len(self._entries) + 1
            kept = None if entry.message in changed else entry
            if self._bytes + _size(kept) > self._max_bytes:
                continue  # there may be room for a shorter one
            if entry.seq == first - 1 and len(self._entries) < self._max_extended:
                self._entries.appendleft(kept)
                self._bytes += _size(kept)
            elif first <= entry.seq <= self._last and self._entries[entry.seq - first] is None:
                self._entries[entry.seq - first] = kept
                self._bytes += _size(kept)

    def since(self, seq: int) -> list[Entry] | None:
        """Return all entries after `seq`, or None when the log has to be asked."""
        count = self._last - seq
        if count <= 0:
            return []
        if count > len(self._entries):
            return None
        recent = list(islice(reversed(self._entries), count))
        if None in recent:
            return None
        recent.reverse()
        return cast(list[Entry], recent)

    def _changed_after(self, seq: int) -> set[int]:
        """Return the messages that were changed after `seq`.

        A change may itself have been dropped, but not the last one of its message. That memory
        begins later than `seq` is no harm: then all that was read by `seq` is too old to find room.
        """
        recent = islice(reversed(self._entries), max(0, self._last - seq))
        changes = (each for each in recent if each is not None and each.type in CHANGES)
        return {each.message for each in changes if each.message is not None}

    def _drop(self, message: int | None) -> None:
        for index, entry in enumerate(self._entries):
            if entry is not None and entry.message == message:
                self._entries[index] = None
                self._bytes -= _size(entry)

    def _forget_first(self) -> None:
        self._bytes -= _size(self._entries.popleft())


def _size(entry: Entry | None) -> int:
    return 0 if entry is None else sys.getsizeof(entry.text)


class Feed:
    """Where a replica is in a log: `seq` is the last entry delivered, None before the start."""

    def __init__(self, log: int, memory: Memory) -> None:
        self.log = log
        self.seq: int | None = None
        self.memory = memory
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

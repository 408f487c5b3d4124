"""The recent entries of a log, kept in memory for clients that resume. Pure.

The buffer must never return text that has been edited or deleted since, so a change of a message
drops the older frames of that message. A resume that needs a dropped frame reads the log, and
`extend` puts the entries that it read back into the buffer for the next resume.
"""

import math
import sys
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import cast

from hubbub.chat.log_entries import LogEntry

MESSAGE_CHANGES = ("message.edited", "message.deleted")


class ReplayBuffer:
    def __init__(
        self, max_entries: int, max_extended: int = 0, max_bytes: float = math.inf
    ) -> None:
        """Limit the buffer to `max_entries`, and to `max_extended` with entries read from the log.

        The larger limit lets one read after a restart serve all clients that reconnect. The texts
        may use up to `max_bytes`, but the last entry is always kept.
        """
        self._max, self._max_extended = max_entries, max(max_entries, max_extended)
        self._max_bytes = max_bytes
        # Contiguous entries, ending with `_last_seq`. None stands for an entry that was dropped
        # because its message has changed.
        self._entries: deque[LogEntry | None] = deque()
        self._bytes = 0
        self._last_seq = 0

    def start(self, seq: int) -> None:
        """Clear the buffer; the next entry is `seq` + 1."""
        self._entries.clear()
        self._bytes = 0
        self._last_seq = seq

    def add(self, entry: LogEntry) -> None:
        """Add the next entry of the log."""
        if entry.type in MESSAGE_CHANGES:
            self._drop(entry.message)
        if len(self._entries) >= self._max:
            self._remove_first()
        self._bytes += _size(entry)
        while self._bytes > self._max_bytes and self._entries:
            self._remove_first()
        self._entries.append(entry)
        self._last_seq = entry.seq

    def extend(self, entries: Sequence[LogEntry], as_of: int) -> None:
        """Add entries, in seq order, that were read once the log had reached at least `as_of`.

        Fills in dropped entries and extends the buffer backwards. A frame shows its message as it
        was when it was read. If an entry after `as_of` changed that message, the frame may be older
        than the change and is left out. Changes up to `as_of` are already in the frame. A change
        above the buffer's last seq drops the frame when its own entry is added.
        """
        if not entries:
            return
        as_of = max(as_of, entries[-1].seq)
        changed = self._messages_changed_after(as_of)
        for entry in reversed(entries):
            first = self._last_seq - len(self._entries) + 1
            kept = None if entry.message in changed else entry
            if self._bytes + _size(kept) > self._max_bytes:
                continue  # a shorter entry may still fit
            if entry.seq == first - 1 and len(self._entries) < self._max_extended:
                self._entries.appendleft(kept)
                self._bytes += _size(kept)
            elif first <= entry.seq <= self._last_seq and self._entries[entry.seq - first] is None:
                self._entries[entry.seq - first] = kept
                self._bytes += _size(kept)

    def since(self, seq: int) -> list[LogEntry] | None:
        """Return all entries after `seq`, or None if they have to be read from the log."""
        count = self._last_seq - seq
        if count <= 0:
            return []
        if count > len(self._entries):
            return None
        recent = list(islice(reversed(self._entries), count))
        if None in recent:
            return None
        recent.reverse()
        return cast(list[LogEntry], recent)

    def _messages_changed_after(self, seq: int) -> set[int]:
        """Return the ids of messages that were changed after `seq`.

        The buffer drops a change when a later change of the same message follows, so it still has
        each message's last change. If the buffer starts after `seq`, these ids may be incomplete.
        That does no harm: entries that were read at `seq` are then too old to be added.
        """
        recent = islice(reversed(self._entries), max(0, self._last_seq - seq))
        changes = (each for each in recent if each is not None and each.type in MESSAGE_CHANGES)
        return {each.message for each in changes if each.message is not None}

    def _drop(self, message: int | None) -> None:
        for index, entry in enumerate(self._entries):
            if entry is not None and entry.message == message:
                self._entries[index] = None
                self._bytes -= _size(entry)

    def _remove_first(self) -> None:
        self._bytes -= _size(self._entries.popleft())


def _size(entry: LogEntry | None) -> int:
    return 0 if entry is None else sys.getsizeof(entry.text)

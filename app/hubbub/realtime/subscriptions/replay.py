"""Finds the events that a resume replays: in the room's replay buffer, or else in the log.

After a restart the buffers are empty and all clients reconnect. So only one task at a time reads a
room's log. It puts what it read into the buffer, where the waiting tasks find it. They may find
entries that were read before they asked. That is safe: by then the room has reached the seq that
the tasks know of, and the buffer drops entries that have changed since the read
(`ReplayBuffer.extend`).
"""

import time
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from django.conf import settings
from prometheus_client import Counter

from hubbub.chat.log_entries import LogEntry, read_log
from hubbub.observability import metrics
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE
from hubbub.realtime.db.query_batcher import QueryBatcher
from hubbub.realtime.delivery.local_rooms import LocalRoom

# How many logs one call reads, one after another. More would delay handshakes, which need the same
# threads.
MAX_BATCH = 4

# The most characters in one page of a replay: far fewer than may be buffered for a connection, even
# with four bytes per character.
PAGE_CHARS = settings.MAX_BUFFERED_BYTES // 16

LogRange: TypeAlias = tuple[int, int]  # a room's id, and the seq after which to read


class Missed(NamedTuple):
    """The entries that a client missed.

    `entries` is None if they cannot be replayed: too many, or some are no longer in the log.
    """

    entries: list[LogEntry] | None
    source: Counter  # counts resumes by where the entries were found


class ReplayPage(NamedTuple):
    entries: list[LogEntry]
    is_last: bool
    resumed: bool  # False: the client has to load the room over REST


class ReplayPager:
    """Divides what one client missed in a room into pages, each short enough to be buffered.

    Entries are looked up again for each page, since messages may have changed in between.
    """

    def __init__(self, room: LocalRoom, position: int | None) -> None:
        """`position` is the last seq that the client has. None: the client asks for no replay."""
        self._room, self._position = room, position
        self._is_counted = False

    async def read_page(self) -> ReplayPage:
        """Return the next page; the last one reaches up to the room's seq.

        The caller writes the last page and activates the subscription without awaiting in between.
        If a page is read again, it shows messages in their state at that time. Raises the
        database's errors.
        """
        if self._position is None:
            return ReplayPage([], is_last=True, resumed=True)
        missed = await _find_missed(self._room, self._position)
        if not self._is_counted:
            self._is_counted = True
            missed.source.inc()
        if missed.entries is None:
            return ReplayPage([], is_last=True, resumed=False)
        entries = _first_page(missed.entries)
        return ReplayPage(entries, is_last=len(entries) == len(missed.entries), resumed=True)

    def advance(self, page: ReplayPage) -> None:
        """Continue after this page, which the caller has written."""
        self._position = page.entries[-1].seq


def _first_page(entries: list[LogEntry]) -> list[LogEntry]:
    """Return the first entries up to PAGE_CHARS, but at least one."""
    size = 0
    for count, entry in enumerate(entries):
        size += len(entry.text)
        if count and size > PAGE_CHARS:
            return entries[:count]
    return entries


async def _find_missed(room: LocalRoom, position: int) -> Missed:
    """Return the entries after `position`, up to the room's seq."""
    assert room.seq is not None
    if position > room.seq or room.seq - position > settings.REPLAY_MAX_EVENTS:
        return Missed(None, metrics.resume_refused)
    if (entries := room.replay_buffer.since(position)) is not None:
        return Missed(entries, metrics.resumed_from_buffer)
    failed_reads = room.failed_reads
    async with room.read_lock:
        if (entries := room.replay_buffer.since(position)) is not None:
            return Missed(entries, metrics.resumed_from_buffer)
        if room.failed_reads > failed_reads:
            raise TimeoutError  # otherwise each task in turn would wait for a hanging database
        try:
            entries = await _read_missed(room, position)
        except DATABASE_UNAVAILABLE:
            room.failed_reads += 1
            raise
    return Missed(entries, metrics.resume_refused if entries is None else metrics.resumed_from_log)


async def _read_missed(room: LocalRoom, position: int) -> list[LogEntry] | None:
    """Return the log's entries after `position`; None if too many, or some are no longer there.

    The log may be ahead of the bus. Then the room receives the entries that were read. Together
    with entries that it already held, it may advance even further, so reading continues until all
    entries up to its seq have been read.
    """
    entries: list[LogEntry] = []
    while (last := entries[-1].seq if entries else position) != room.seq:
        more = await _read_up_to_seq(room, last, len(entries))
        if more is None:
            return None
        entries += more
        if not _deliver_ahead(room, more):
            return None
    return entries


def _deliver_ahead(room: LocalRoom, entries: list[LogEntry]) -> bool:
    """Deliver entries that the bus has not delivered. Return whether the room accepted all."""
    assert room.seq is not None
    ahead = [entry for entry in entries if entry.seq > room.seq]
    if ahead:
        room.receive(ahead)
    return not room.is_behind(entries[-1].seq)


async def _read_up_to_seq(room: LocalRoom, after: int, count: int) -> list[LogEntry] | None:
    """Read the log until the room's seq is reached or passed. Delivers nothing.

    `count` entries were read before. Returns None if there are too many, or if some are no longer
    in the log.
    """
    entries: list[LogEntry] = []
    while room.seq is not None and after < room.seq:
        page = room.replay_buffer.since(after) if count else None
        if page is None:
            page = await _read_page(room, after)
        if not page or count > 2 * settings.REPLAY_MAX_EVENTS:
            return None
        entries += page
        count += len(page)
        after = page[-1].seq
    return entries


async def _read_page(room: LocalRoom, after: int) -> list[LogEntry]:
    as_of = room.seq or 0
    page = await _log_ranges.load((room.id, after))
    room.replay_buffer.extend(page, as_of)
    return page


def _read_ranges(ranges: Sequence[LogRange]) -> dict[LogRange, list[LogEntry] | Exception]:
    """Read as many ranges as time allows: if the batch timed out, all its ranges would be lost."""
    deadline = time.monotonic() + settings.QUERY_TIMEOUT_SECONDS / 2
    results: dict[LogRange, list[LogEntry] | Exception] = {}
    for room_id, after in ranges:
        if results and time.monotonic() > deadline:
            results[room_id, after] = TimeoutError()
        else:
            results[room_id, after] = read_log(room_id, after, settings.REPLAY_MAX_EVENTS)
    return results


_log_ranges: QueryBatcher[LogRange, list[LogEntry]] = QueryBatcher(_read_ranges, MAX_BATCH)

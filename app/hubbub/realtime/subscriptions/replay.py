"""What a resume replays: from the replica's memory, else from the log, read once for all who ask.

After a restart memory has nothing from before it, and everybody comes back. So one reads a room's
log at a time, and memory takes in what was read; those who waited find it there. That a read began
before they asked is no harm: memory answers only for a feed that has reached what they know of, and
drops what changed since the read (`feed.Memory.extend`).
"""

import time
from collections.abc import Sequence
from typing import TypeAlias

from django.conf import settings
from prometheus_client import Counter

from hubbub.chat.events import Entry, read_log
from hubbub.observability import metrics
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE
from hubbub.realtime.db.query_batcher import QueryBatcher
from hubbub.realtime.delivery.local_rooms import OpenRoom
from hubbub.realtime.hub import Hub

# One thread reads so many rooms' logs one after another: the pool is for handshakes, too.
MAX_BATCH = 4

# Of what is replayed to a socket at once: far less than may wait for it, also in four-byte letters.
PAGE_CHARS = settings.MAX_BUFFERED_BYTES // 16

Page: TypeAlias = tuple[int, int]  # a log, and the seq after which it begins


async def read_missed(hub: Hub, room: OpenRoom, position: int) -> list[Entry] | None:
    """Return what came after `position` up to the feed's seq; None: too far behind, or lost.

    Whoever calls writes it, or a first page of it, and goes live without waiting in between. Raises
    the database's errors.
    """
    missed, source = await _find(hub, room, position)
    source.inc()
    return missed


async def read_on(hub: Hub, room: OpenRoom, position: int) -> list[Entry] | None:
    """Return what follows a page; otherwise as `read_missed`. It is no resume of its own."""
    missed, _ = await _find(hub, room, position)
    return missed


def first_page(entries: list[Entry]) -> list[Entry]:
    """Return as many of the first entries as may wait for one socket, one at least."""
    size = 0
    for count, entry in enumerate(entries):
        size += len(entry.text)
        if count and size > PAGE_CHARS:
            return entries[:count]
    return entries


async def _find(hub: Hub, room: OpenRoom, position: int) -> tuple[list[Entry] | None, Counter]:
    """Return also what counts it: where it was found."""
    assert room.feed.seq is not None
    if position > room.feed.seq or room.feed.seq - position > settings.REPLAY_MAX_EVENTS:
        return None, metrics.resume_refused
    if (missed := room.feed.memory.since(position)) is not None:
        return missed, metrics.resumed_from_buffer
    failed = room.failed_reads
    async with room.reading:
        if (missed := room.feed.memory.since(position)) is not None:
            return missed, metrics.resumed_from_buffer
        if room.failed_reads > failed:
            raise TimeoutError  # else each would wait for a database that hangs, in turn
        try:
            missed = await _read(hub, room, position)
        except DATABASE_UNAVAILABLE:
            room.failed_reads += 1
            raise
    return missed, metrics.resume_refused if missed is None else metrics.resumed_from_log


async def _read(hub: Hub, room: OpenRoom, position: int) -> list[Entry] | None:
    assert room.feed.seq is not None
    read: list[Entry] = []
    last = position
    while last != room.feed.seq:
        if last > room.feed.seq:
            # The log was ahead of the doorbell: let everybody have what was read. What the feed
            # held may follow at once, so that it goes further than we have read.
            hub.take(room, [entry for entry in read if entry.seq > room.feed.seq])
            if room.feed.seq < last:
                return None
            continue
        more = room.feed.memory.since(last) if read else None
        if more is None:
            more = await _read_page(room, last)
        if not more or len(read) > 2 * settings.REPLAY_MAX_EVENTS:
            return None
        read += more
        last = read[-1].seq
    return read


async def _read_page(room: OpenRoom, after: int) -> list[Entry]:
    as_of = room.feed.seq or 0
    page = await _pages.load((room.log, after))
    room.feed.memory.extend(page, as_of)
    return page


def _read_pages(pages: Sequence[Page]) -> dict[Page, list[Entry] | Exception]:
    """Read what there is time for: given up together, what was read would be lost with the rest."""
    until = time.monotonic() + settings.QUERY_TIMEOUT_SECONDS / 2
    read: dict[Page, list[Entry] | Exception] = {}
    for log, after in pages:
        if read and time.monotonic() > until:
            read[log, after] = TimeoutError()
        else:
            read[log, after] = read_log(log, after, settings.REPLAY_MAX_EVENTS)
    return read


_pages: QueryBatcher[Page, list[Entry]] = QueryBatcher(_read_pages, MAX_BATCH)

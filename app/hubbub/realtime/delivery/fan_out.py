"""The fan-out of one room: frames in, the same bytes written to every local connection.

Each subscriber has a position in the room's stream of frames. A pass writes to every subscriber the
frames from its position to the end, in one write. In a quiet room a frame is written immediately;
in a busy room, each pass combines the frames that were added since the previous pass. A pass runs
in time slices, so a large room does not delay a small one. It never waits for a connection, because
`Connection` aborts slow readers.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from hubbub.observability import metrics
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.delivery import time_slices
from hubbub.realtime.protocol.websocket_frames import Frame, FrameBatch, text_batch, text_frame
from hubbub.realtime.telemetry.latency import record_fan_out

# The minimum time between the starts of two passes; frames that are added meanwhile are combined.
# Users do not notice the delay, and at hundreds of messages a second each write has several frames.
JOIN_SECONDS = 0.005


class FanOut:
    def __init__(self) -> None:
        self.subscribers: dict[Connection, int] = {}  # their positions in the stream
        self._frames: list[Frame] = []  # not yet written to all subscribers
        self._committed_at: list[float | None] = []  # of each frame, or None if it is not an event
        self._first = 0  # position of the first of these frames
        self._batches: dict[int, FrameBatch] = {}  # by position: the frames from there to the end
        self._pass_started_at = -JOIN_SECONDS
        self._timer: asyncio.TimerHandle | None = None  # of the next pass
        self._is_writing = False
        self._end_of_pass = 0

    @property
    def end(self) -> int:
        """The position after the last frame."""
        return self._first + len(self._frames)

    def add_subscriber(self, connection: Connection) -> None:
        """Write to a connection all frames that are added from now on."""
        self.subscribers[connection] = self.end

    def remove_subscriber(self, connection: Connection) -> None:
        """Write to a connection the frames that it still lacks, then remove it."""
        if connection in self.subscribers:
            self.write_pending(connection)
            del self.subscribers[connection]

    def write_pending(self, connection: Connection) -> None:
        """Write the frames that a connection still lacks, without waiting for the next pass."""
        position, end = self.subscribers[connection], self.end
        if position != end:
            self.subscribers[connection] = end
            connection.write_batch(self._batch_from(position))

    def write(self, texts: Sequence[str], committed_at: Sequence[float] | None = None) -> None:
        """Write frames to all subscribers: now, or combined with those of the next JOIN_SECONDS.

        `committed_at` (seconds since 1970) is given only for events. The metrics need it.
        """
        if self.subscribers:
            self._frames += map(text_frame, texts)
            self._committed_at += committed_at or [None] * len(texts)
            self._batches.clear()
            if committed_at:
                metrics.deliveries.inc(len(self.subscribers) * len(texts))
        if not self._frames or self._is_writing or self._timer is not None:
            return
        wait = self._pass_started_at + JOIN_SECONDS - time.monotonic()
        if wait > 0:
            self._timer = asyncio.get_running_loop().call_later(wait, self._write_pass)
        else:
            self._write_pass()

    def _write_pass(self, remaining: Iterator[Connection] | None = None) -> None:
        """Start a pass, or continue one with its remaining connections, for one time slice."""
        if remaining is None:
            self._timer, self._is_writing = None, True
            self._pass_started_at, self._end_of_pass = time.monotonic(), self.end
            remaining = iter(list(self.subscribers))
        slice_ends_at = time.monotonic() + time_slices.SLICE_SECONDS
        # This is `in_slices`, written inline so that a pass is one function. By measurement,
        # calling it would add 0.25 µs to each pass, which takes 4 µs plus 0.15 µs and a system call
        # per connection.
        while connections := list(islice(remaining, time_slices.ITEMS_PER_CLOCK_CHECK)):
            positions, end = self.subscribers, self.end
            last_position, batch = -1, None
            for connection in connections:
                position = positions.get(connection, end)  # it may have unsubscribed by now
                if position == end:
                    continue
                if batch is None or position != last_position:
                    last_position, batch = position, self._batch_from(position)
                positions[connection] = end
                connection.write_batch(batch)
            if time.monotonic() >= slice_ends_at:
                asyncio.get_running_loop().call_soon(self._write_pass, remaining)
                return
        self._end_pass()

    def _batch_from(self, position: int) -> FrameBatch:
        batch = self._batches.get(position)
        if batch is None:
            batch = self._batches[position] = FrameBatch(self._frames[position - self._first :])
        return batch

    def _end_pass(self) -> None:
        """Remove the frames of this pass: all subscribers have them, or subscribed after them."""
        count = self._end_of_pass - self._first
        record_fan_out(self._committed_at[:count])
        del self._frames[:count], self._committed_at[:count]
        self._first = self._end_of_pass
        self._batches.clear()
        self._is_writing = False
        self.write(())  # the frames that were added during the pass


def write_to_all(
    connections: Iterable[Connection], text: str, is_wanted: Callable[[Connection], bool]
) -> None:
    """Write a frame whose order does not matter, such as a typing notice, in time slices.

    `is_wanted` is called right before each write: a connection can leave the room between slices.
    """
    batch = text_batch(text)

    def write(some: list[Connection]) -> None:
        for connection in filter(is_wanted, some):
            connection.write_batch(batch)

    time_slices.in_slices(connections, write, lambda: None)

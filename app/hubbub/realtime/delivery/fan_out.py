"""The fan-out of one room: frames in, the same bytes written to every local socket.

Sockets are written in passes. Each subscriber has a position in the room's stream of frames, and a
pass brings everybody to its end, so whatever came since the last pass is one write for each socket:
at once when the room is quiet, joined when it is busy. A pass is done in slices, so that a large
room never holds up a small one, and waits for no socket: one that does not read is dropped by its
`Connection`.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from hubbub.observability import metrics
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.delivery.time_slices import in_slices
from hubbub.realtime.protocol.websocket_frames import Frame, FrameBatch, text_frame
from hubbub.realtime.telemetry.latency import record_fan_out

# At least from the beginning of a pass to that of the room's next: what comes meanwhile is joined.
# A person notices nothing, and at hundreds of messages a second each write carries several.
JOIN_SECONDS = 0.005


class FanOut:
    def __init__(self) -> None:
        self.subscribers: dict[Connection, int] = {}  # their positions in the stream
        self._frames: list[Frame] = []  # what somebody has not been written yet
        self._committed_at: list[float | None] = []  # of each of them, where it is an event
        self._first = 0  # position of the first of them
        self._batches: dict[int, FrameBatch] = {}  # what to write from a position to the end
        self._begun_at = -JOIN_SECONDS
        self._waiting: asyncio.TimerHandle | None = None
        self._writing = False
        self._end_of_pass = 0

    @property
    def end(self) -> int:
        """The position after the last frame."""
        return self._first + len(self._frames)

    def add(self, text: str, *, committed_at: float | None = None) -> None:
        """Put a frame into the stream; `flush` writes it.

        `committed_at` (seconds since 1970) of an event, for the metrics.
        """
        if not self.subscribers:
            return
        self._frames.append(text_frame(text))
        self._committed_at.append(committed_at)
        self._batches.clear()
        if committed_at is not None:
            metrics.deliveries.inc(len(self.subscribers))

    def flush(self) -> None:
        """Write what was added: at once, or with what comes within JOIN_SECONDS."""
        if self._writing or self._waiting is not None or not self._frames:
            return
        wait = self._begun_at + JOIN_SECONDS - time.monotonic()
        if wait <= 0:
            self._begin()
        else:
            self._waiting = asyncio.get_running_loop().call_later(wait, self._begin)

    def join(self, connection: Connection) -> None:
        """Write to a socket what is added from now on."""
        self.subscribers[connection] = self.end

    def leave(self, connection: Connection) -> None:
        """Write to a socket what it is owed, and nothing after."""
        if connection in self.subscribers:
            self.settle(connection)
            del self.subscribers[connection]

    def settle(self, connection: Connection) -> None:
        """Write to a socket now what the pass has not come to yet."""
        position, end = self.subscribers[connection], self.end
        if position != end:
            self.subscribers[connection] = end
            connection.write_batch(self._batch_from(position))

    def _begin(self) -> None:
        self._waiting = None
        self._begun_at = time.monotonic()
        self._end_of_pass = self.end
        self._writing = True
        in_slices(self.subscribers, self._write, self._finish)

    def _write(self, sockets: list[Connection]) -> None:
        positions, end = self.subscribers, self.end
        at, batch = -1, None
        for socket in sockets:
            position = positions.get(socket, end)  # gone since the pass began
            if position == end:
                continue
            if batch is None or position != at:
                at, batch = position, self._batch_from(position)
            positions[socket] = end
            socket.write_batch(batch)

    def _batch_from(self, position: int) -> FrameBatch:
        batch = self._batches.get(position)
        if batch is None:
            batch = self._batches[position] = FrameBatch(self._frames[position - self._first :])
        return batch

    def _finish(self) -> None:
        """Forget what everybody has: whoever joined meanwhile did so at a later position."""
        count = self._end_of_pass - self._first
        record_fan_out(self._committed_at[:count])
        del self._frames[:count], self._committed_at[:count]
        self._first = self._end_of_pass
        self._batches.clear()
        self._writing = False
        self.flush()


def write_to_all(
    connections: Iterable[Connection], text: str, wanted: Callable[[Connection], bool]
) -> None:
    """Write a frame that has no place in any order, such as who types, to those who want it.

    `wanted` is asked right before: between two slices a socket may leave the room.
    """
    batch = FrameBatch([text_frame(text)])

    def write(sockets: list[Connection]) -> None:
        for socket in filter(wanted, sockets):
            socket.write_batch(batch)

    in_slices(connections, write, lambda: None)

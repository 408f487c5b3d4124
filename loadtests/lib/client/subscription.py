"""A room that a client has open: its position in the log, its view, and who is online. Pure.

The position is the highest seq that was applied without a gap. It ensures that nothing is lost.
Only events and `subscribed` move it; the seq of an `ok`, a bump or a REST answer must not.
"""

from dataclasses import dataclass, field
from enum import Enum

from loadtests.lib.client.history import Frame
from loadtests.lib.client.room_view import RoomView


class Start(Enum):
    """How a client opens a room about which it knows nothing yet."""

    BEGINNING = "beginning"  # replay the log from its first event
    NOW = "now"  # receive only new events
    HISTORY = "history"  # receive new events, and load the messages before them over REST


@dataclass(slots=True)
class Subscription:
    room: int
    start: Start = Start.BEGINNING
    position: int | None = None  # None to receive only new events
    live: bool = False  # True between `subscribed` and the end of the socket
    loads: int = 0  # the number of loads so far, which identifies the late result of an old load
    loading: bool = False
    online: set[int] | None = None
    online_count: int = 0
    view: RoomView = field(default_factory=RoomView)
    _live_seq: int = 0  # the value that `position` gets when the load is done

    def __post_init__(self) -> None:
        if self.start is Start.BEGINNING:
            self.position = 0

    def subscribed(self, frame: Frame) -> bool:
        """Handle `subscribed`. Return whether the room must be loaded over REST."""
        self.live = True
        self.online = None if frame["online"] is None else {one["id"] for one in frame["online"]}
        self.online_count = frame["online_count"]
        self._live_seq = frame["seq"]
        if not frame["resumed"] or (self.position is None and self.start is not Start.NOW):
            self._start_load()
            return True
        if self.position is None:
            self.view.clear(since=frame["seq"])
        self.position = frame["seq"]
        return False

    def apply(self, event: Frame) -> None:
        self.view.apply(event)
        seq = event["seq"]
        if self.loading:
            self._live_seq = max(self._live_seq, seq)
        elif self.position is not None and seq == self.position + 1:
            self.position = seq

    def loaded(self, messages: list[Frame]) -> None:
        """Add the loaded messages, but keep newer states that live events have brought."""
        for message in messages:
            self.view.merge(message)
        self.position, self.loading = self._live_seq, False

    def presence_changed(self, frame: Frame) -> None:
        self.online_count = frame["online_count"]
        if self.online is not None:
            self.online |= {one["id"] for one in frame["joined"]}
            self.online -= set(frame["left"])

    def disconnected(self) -> None:
        self.live = self.loading = False
        self.loads += 1

    def reset(self) -> None:
        """Forget the position: the database was restored, so the log that it refers to is gone."""
        self.position = None
        if self.start is Start.BEGINNING:
            self.start = Start.HISTORY

    def _start_load(self) -> None:
        # The position is null until the load is done. The view is cleared here; if the socket is
        # lost before the load is done, the client must not resume at a position that the view has
        # not reached.
        self.position = None
        self.start = Start.HISTORY
        self.loading = True
        self.loads += 1
        self.view.clear()

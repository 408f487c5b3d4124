"""A room as its client shows it: state and events make the view. Pure.

The conversation feeds it. Of two states of a message the one with the higher `rev` stays, in
whatever order they come: events are replayed with messages as they are now.
"""

from dataclasses import dataclass, field

from loadtests.lib.client.history import Frame


@dataclass(slots=True)
class RoomView:
    """`since` is the seq after which nothing is missing; 0 is the room's whole life.

    With `most`, only so many messages are kept: for runs that nobody could hold in memory.
    """

    since: int = 0
    most: int | None = None
    _messages: dict[int, Frame] = field(default_factory=dict)  # by id

    def clear(self, since: int = 0) -> None:
        self.since = since
        self._messages.clear()

    def apply(self, event: Frame) -> None:
        if event.get("message") is not None:
            self.merge(event["message"])

    def merge(self, message: Frame) -> None:
        known = self._messages.get(message["id"])
        if known is None or known["rev"] <= message["rev"]:
            self._messages[message["id"]] = message
            if self.most is not None and len(self._messages) > self.most:
                del self._messages[next(iter(self._messages))]

    def messages(self) -> list[Frame]:
        """Return the messages as they stand on the page: those of one's own window, by seq."""
        shown = (message for message in self._messages.values() if message["seq"] > self.since)
        return sorted(shown, key=lambda message: int(message["seq"]))

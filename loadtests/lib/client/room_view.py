"""What a client shows of a room: the loaded messages, changed by later events. Pure.

Of two states of a message, the one with the higher `rev` is kept, in whichever order they arrive,
because replayed events carry messages in their current state.
"""

from dataclasses import dataclass, field

from loadtests.lib.client.history import Frame


@dataclass(slots=True)
class RoomView:
    """The messages of a room that a client knows.

    `since` is the seq after which no message is missing; 0 means that the view has the whole room.
    With `limit`, only that many messages are kept; otherwise a long run would not fit into memory.
    """

    since: int = 0
    limit: int | None = None
    _messages: dict[int, Frame] = field(default_factory=dict)  # the messages by their ids

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
            if self.limit is not None and len(self._messages) > self.limit:
                del self._messages[next(iter(self._messages))]

    def messages(self) -> list[Frame]:
        """Return the messages after `since` in order of seq, as a page shows them."""
        shown = (message for message in self._messages.values() if message["seq"] > self.since)
        return sorted(shown, key=lambda message: int(message["seq"]))

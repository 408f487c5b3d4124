"""The client's side of the protocol: turns received frames into effects. Pure: it opens no socket.

`Client` opens sockets, passes on what it receives and performs the effects in order. One
`ClientProtocol` outlives many sockets. It holds what must survive the sockets: the positions, and
the commands without an answer.
"""

from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from itertools import count

from loadtests.lib.client import history as entries
from loadtests.lib.client.effects import (
    CommandDone,
    Effect,
    LoadRoom,
    Reconnect,
    RetryLater,
    Stop,
    SwitchConnection,
    WriteFrame,
)
from loadtests.lib.client.history import Frame, History
from loadtests.lib.client.reconnect import UNREPEATABLE, Backoff, may_reconnect
from loadtests.lib.client.room_view import RoomView
from loadtests.lib.client.subscription import Start, Subscription

ROOMS_PER_SUBSCRIBE = 100
# The problems after which the same command is sent again later.
TRANSIENT = {"unavailable", "rate_limited"}
DEFAULT_RETRY_SECONDS = 0.5
# The code with which a client closes a socket that it has replaced.
NORMAL_CLOSURE = 1000


@dataclass(slots=True)
class Pending:
    """A command without an answer.

    With `retry`, the command is sent again until its answer is final.
    """

    command: Frame
    retry: bool = True
    in_flight: bool = False


@dataclass(slots=True)
class ClientProtocol:
    history: History
    # The subscription to each open room, by the room's id.
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    # The commands without an answer, by their refs.
    pending: dict[int, Pending] = field(default_factory=dict)
    welcome: Frame | None = None  # the `welcome` that the open socket received
    user: int | None = None
    epoch: str | None = None
    # Received frames that are neither events nor answers, such as `room.bumped`, `room.added` and
    # `typing`.
    notifications: MutableSequence[Frame] = field(default_factory=list)
    make_view: Callable[[], RoomView] = RoomView
    backoff: Backoff = field(default_factory=Backoff)
    attempt_failed: bool = False  # whether the last attempt to connect got no `welcome`
    # For each ref of a `subscribe`: its rooms.
    _subscribe_refs: dict[int, list[int]] = field(default_factory=dict)
    # Rooms whose `subscribe` has no answer yet on this socket, and the rooms among them that were
    # opened again meanwhile. They are subscribed to again only after the answer: with two
    # subscribes of a room in flight, it would be unclear to which of them an event belongs.
    _unanswered: set[int] = field(default_factory=set)
    _reopened: set[int] = field(default_factory=set)
    _refs: "count[int]" = field(default_factory=lambda: count(1))
    _retry_after: float | None = None  # the delay in seconds that the server's `goodbye` asked for

    def subscribe(self, room: int, start: Start = Start.BEGINNING) -> list[Effect]:
        self.subscriptions[room] = Subscription(room, start, view=self.make_view())
        return self._subscribe([room]) if self.welcome else []

    def unsubscribe(self, room: int) -> tuple[int, list[Effect]]:
        """Unsubscribe.

        Without a socket the server has no subscription, so send nothing and answer `ok`.
        """
        self.subscriptions.pop(room, None)
        self._reopened.discard(room)
        if self.welcome is None:
            ref = next(self._refs)
            return ref, [_ok(ref)]
        return self.command({"type": "unsubscribe", "room": room})

    def command(self, frame: Frame, *, retry: bool = True) -> tuple[int, list[Effect]]:
        """Send a command that expects an answer; return its ref and the effects."""
        ref = next(self._refs)
        self.pending[ref] = Pending(frame | {"ref": ref}, retry)
        return ref, self.retry(ref)

    def retry(self, ref: int) -> list[Effect]:
        """Send a command or a `subscribe` again if it has no answer yet."""
        if self.welcome is None:
            return []  # after the next `welcome`, everything without an answer is sent again
        if ref in self._subscribe_refs:
            return self._subscribe(self._subscribe_refs.pop(ref))
        pending = self.pending.get(ref)
        if pending is None or pending.in_flight:
            return []
        pending.in_flight = True
        self.history.add(entries.CommandSent, ref, pending.command)
        return [WriteFrame(pending.command)]

    def loaded(self, room: int, load: int, seq: int, messages: list[Frame]) -> None:
        """Handle a loaded room. Ignore the load if its subscription has ended."""
        subscription = self.subscriptions.get(room)
        if subscription and subscription.loading and subscription.loads == load:
            subscription.loaded(messages)
            self.history.add(entries.RoomLoaded, room, seq, tuple(messages))

    def receive(self, frame: Frame) -> list[Effect]:
        """Handle one frame from the server, of any type."""
        match frame["type"]:
            case "welcome":
                return self._welcomed(frame)
            case "subscribed":
                return self._subscribed(frame)
            case "ok":
                return self._answered(frame)
            case "problem":
                return self._problem(frame)
            case "goodbye":
                self._retry_after = frame.get("retry_after_ms", 0) / 1000
                switches = self.welcome and may_reconnect(frame["code"])
                return [SwitchConnection()] if switches else []
            case "presence.changed":
                self._presence_changed(frame)
            case "room.removed":
                self._removed(frame)
            case _ if "seq" in frame and "at" in frame:
                self._event(frame)
            case _:
                self.notifications.append(frame)
        return []

    def closed(self, code: int) -> list[Effect]:
        """Handle the end of the socket.

        `code` is 1006 if the socket had no close frame or never opened.
        """
        effects = self._fail_longest_command() if code in UNREPEATABLE else []
        delay = self.backoff.next_delay(self._retry_after)
        self.attempt_failed = self.welcome is None
        effects += self._disconnected(code)
        return [*effects, Reconnect(delay) if may_reconnect(code) else Stop(code)]

    def switched(self, welcome: Frame, code: int = NORMAL_CLOSURE) -> list[Effect]:
        """Switch to a socket that was opened before the old one closed.

        The client must ignore what still arrives on the old socket: unanswered commands are sent
        again on the new one.
        """
        return [*self._disconnected(code), *self.receive(welcome)]

    def finish(self) -> History:
        """Return the history with the rooms as the client shows them now."""
        for room, subscription in self.subscriptions.items():
            self.history.views[room] = subscription.view.messages()
            self.history.since[room] = subscription.view.since
        if self.history.ended is None:
            self.history.ended = self.history.clock()
        return self.history

    def _disconnected(self, code: int) -> list[Effect]:
        self.history.add(entries.Disconnected, code)
        self.welcome = self._retry_after = None
        for state_of_socket in (self._subscribe_refs, self._unanswered, self._reopened):
            state_of_socket.clear()
        for subscription in self.subscriptions.values():
            subscription.disconnected()
        for pending in self.pending.values():
            pending.in_flight = False
        return self._complete_unsubscribes()

    def _complete_unsubscribes(self) -> list[Effect]:
        """Answer every pending `unsubscribe` with `ok`: the subscription ended with the socket.

        Do not send it again on the next socket: it would end the new subscription there.
        """
        refs = [ref for ref, one in self.pending.items() if one.command["type"] == "unsubscribe"]
        for ref in refs:
            del self.pending[ref]
        return [_ok(ref) for ref in refs]

    def _welcomed(self, frame: Frame) -> list[Effect]:
        self.welcome, self.user = frame, frame["user"]["id"]
        self.backoff.reset()
        self.attempt_failed = False
        names = str(frame["connection"]), str(frame["replica"]), frame["epoch"]
        self.history.add(entries.Connected, self.user, *names)
        if self.epoch not in (None, frame["epoch"]):
            for subscription in self.subscriptions.values():
                subscription.reset()
        self.epoch = frame["epoch"]
        effects = self._subscribe(list(self.subscriptions))
        for ref in list(self.pending):
            effects += self.retry(ref)
        return effects

    def _subscribe(self, rooms: list[int]) -> list[Effect]:
        effects: list[Effect] = []
        self._reopened |= self._unanswered.intersection(rooms)
        rooms = [
            room for room in rooms if room in self.subscriptions and room not in self._unanswered
        ]
        for first in range(0, len(rooms), ROOMS_PER_SUBSCRIBE):
            batch = rooms[first : first + ROOMS_PER_SUBSCRIBE]
            positions = {room: self.subscriptions[room].position for room in batch}
            ref = next(self._refs)
            self._subscribe_refs[ref] = batch
            self._unanswered.update(batch)
            for room, position in positions.items():
                self.history.add(entries.SubscribeSent, room, position)
            wanted = {str(room): position for room, position in positions.items()}
            effects.append(WriteFrame({"type": "subscribe", "ref": ref, "rooms": wanted}))
        return effects

    def _subscribed(self, frame: Frame) -> list[Effect]:
        room, listed = frame["room"], frame["online"]
        online = None if listed is None else tuple(one["id"] for one in listed)
        self.history.add(entries.Subscribed, room, frame["seq"], frame["resumed"], online)
        if self._was_reopened(room):
            return self._subscribe([room])
        subscription = self.subscriptions.get(room)
        if subscription is None or not subscription.subscribed(frame):
            return []
        return [LoadRoom(room, subscription.loads)]

    def _answered(self, frame: Frame) -> list[Effect]:
        ref = frame.get("ref")  # missing if the command was written without a ref
        pending = self.pending.pop(ref, None) if isinstance(ref, int) else None
        if ref is None or pending is None:
            return []
        message = frame.get("message")
        self.history.add(entries.CommandAnswered, ref, pending.command, None, message)
        return [CommandDone(ref, frame)]

    def _problem(self, frame: Frame) -> list[Effect]:
        ref, code = frame.get("ref"), frame["code"]
        after = frame.get("retry_after") or DEFAULT_RETRY_SECONDS
        if ref in self._subscribe_refs:
            return self._subscribe_failed(frame, after)
        pending = self.pending.get(ref) if isinstance(ref, int) else None
        if pending is None or ref is None:
            self.notifications.append(frame)
            return []
        self.history.add(entries.CommandAnswered, ref, pending.command, code, None)
        pending.in_flight = False
        if pending.retry and code in TRANSIENT:
            return [RetryLater(ref, after)]
        del self.pending[ref]
        return [CommandDone(ref, frame)]

    def _subscribe_failed(self, frame: Frame, after: float) -> list[Effect]:
        self.notifications.append(frame)
        rooms = [frame["room"]] if "room" in frame else self._subscribe_refs[frame["ref"]]
        reopened = [room for room in rooms if self._was_reopened(room)]
        if frame["code"] in TRANSIENT:
            ref = next(self._refs)
            self._subscribe_refs[ref] = rooms
            return [RetryLater(ref, after)]
        for room in rooms:
            self.history.add(entries.SubscriptionEnded, room, frame["code"])
            if room not in reopened:
                self.subscriptions.pop(room, None)
        return self._subscribe(reopened)

    def _was_reopened(self, room: int) -> bool:
        """Note that a room's `subscribe` was answered.

        Return whether the room was opened again while the answer was pending.
        """
        self._unanswered.discard(room)
        was_reopened = room in self._reopened
        self._reopened.discard(room)
        return was_reopened

    def _presence_changed(self, frame: Frame) -> None:
        joined = tuple(one["id"] for one in frame["joined"])
        self.history.add(entries.PresenceChanged, frame["room"], joined, tuple(frame["left"]))
        if frame["room"] in self.subscriptions:
            self.subscriptions[frame["room"]].presence_changed(frame)

    def _removed(self, frame: Frame) -> None:
        self.notifications.append(frame)
        subscription = self.subscriptions.get(frame["room"])
        if subscription is not None and not subscription.live:
            # This frame is about an earlier subscription; the pending `subscribe` gets its own
            # answer.
            return
        self.subscriptions.pop(frame["room"], None)
        self.history.add(entries.SubscriptionEnded, frame["room"], frame["reason"])

    def _event(self, frame: Frame) -> None:
        room, message = frame["room"], frame.get("message")
        self.history.add(entries.EventReceived, room, frame["seq"], frame["type"], message)
        if room in self.subscriptions:
            self.subscriptions[room].apply(frame)

    def _fail_longest_command(self) -> list[Effect]:
        """Fail the command that made the server close the socket: the longest command in flight."""
        in_flight = [ref for ref, pending in self.pending.items() if pending.in_flight]
        if not in_flight:
            return []
        longest = max(in_flight, key=lambda ref: len(str(self.pending[ref].command)))
        pending = self.pending.pop(longest)
        self.history.add(entries.CommandAnswered, longest, pending.command, "too_large", None)
        return [CommandDone(longest, {"type": "problem", "ref": longest, "code": "too_large"})]


def _ok(ref: int) -> CommandDone:
    return CommandDone(ref, {"type": "ok", "ref": ref})

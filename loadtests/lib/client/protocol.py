"""The protocol as a client speaks it: frames in, effects out. Pure: no socket, no loop.

A thin shell (`client`, or Locust's under gevent) opens sockets, hands over what arrives and does
the effects in order. One conversation outlives any number of sockets: it carries what must survive
them, which is the positions and the commands that were not answered.
"""

from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from itertools import count

from loadtests.lib.client import history as seen
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
from loadtests.lib.client.reconnect import UNREPEATABLE, Backoff, may_come_back
from loadtests.lib.client.room_view import RoomView
from loadtests.lib.client.subscription import Start, Subscription

ROOMS_PER_SUBSCRIBE = 100
# Not known to be saved, or too often: the same command again, later.
PASSING = {"unavailable", "rate_limited"}
DEFAULT_RETRY_SECONDS = 0.5
# What the client closes a socket with that it has left for another.
NORMAL_CLOSURE = 1000


@dataclass(slots=True)
class Pending:
    """A command without an answer. A patient one is tried until the answer is final."""

    command: Frame
    retry: bool = True
    in_flight: bool = False


@dataclass(slots=True)
class ClientProtocol:
    history: History
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    pending: dict[int, Pending] = field(default_factory=dict)
    welcome: Frame | None = None  # of the open socket
    user: int | None = None
    epoch: str | None = None
    # bumps, room.added, typing and the like
    notifications: MutableSequence[Frame] = field(default_factory=list)
    make_view: Callable[[], RoomView] = RoomView
    backoff: Backoff = field(default_factory=Backoff)
    _asked: dict[int, list[int]] = field(default_factory=dict)  # ref of a subscribe: its rooms
    # Rooms whose `subscribe` has no answer yet on this socket, and of these, those opened again
    # meanwhile: asked for twice at once, nobody could say which of the two an event belongs to.
    _unanswered: set[int] = field(default_factory=set)
    _reopened: set[int] = field(default_factory=set)
    _refs: "count[int]" = field(default_factory=lambda: count(1))
    _retry_after: float | None = None

    def subscribe(self, room: int, start: Start = Start.BEGINNING) -> list[Effect]:
        self.subscriptions[room] = Subscription(room, start, view=self.make_view())
        return self._subscribe([room]) if self.welcome else []

    def unsubscribe(self, room: int) -> tuple[int, list[Effect]]:
        """Unsubscribe; the view stays as it was. Without a socket there is nothing to leave."""
        self.subscriptions.pop(room, None)
        self._reopened.discard(room)
        if self.welcome is None:
            ref = next(self._refs)
            return ref, [_left(ref)]
        return self.command({"type": "unsubscribe", "room": room})

    def command(self, frame: Frame, *, retry: bool = True) -> tuple[int, list[Effect]]:
        """Take a command that will be answered; return its ref and what to do now."""
        ref = next(self._refs)
        self.pending[ref] = Pending(frame | {"ref": ref}, retry)
        return ref, self.retry(ref)

    def retry(self, ref: int) -> list[Effect]:
        """Send a command that has no answer yet, or subscribe again where that has none."""
        if self.welcome is None:
            return []  # the next welcome sends whatever is unanswered
        if ref in self._asked:
            return self._subscribe(self._asked.pop(ref))
        waiting = self.pending.get(ref)
        if waiting is None or waiting.in_flight:
            return []
        waiting.in_flight = True
        self.history.add(seen.CommandSent, ref, waiting.command)
        return [WriteFrame(waiting.command)]

    def loaded(self, room: int, load: int, seq: int, messages: list[Frame]) -> None:
        """Take a room's messages; a load of a subscription that is over is dropped."""
        subscription = self.subscriptions.get(room)
        if subscription and subscription.loading and subscription.loads == load:
            subscription.loaded(messages)
            self.history.add(seen.RoomLoaded, room, seq, tuple(messages))

    def receive(self, frame: Frame) -> list[Effect]:
        """Take one frame of the server's, of any type; unknown ones are skipped."""
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
                return [SwitchConnection()] if self.welcome and may_come_back(frame["code"]) else []
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
        """Take the end of the socket, 1006 where it had no close frame or never opened."""
        effects = self._give_up_longest() if code in UNREPEATABLE else []
        delay = self.backoff.next_delay(self._retry_after)
        effects += self._leave(code)
        return [*effects, Reconnect(delay) if may_come_back(code) else Stop(code)]

    def switched(self, welcome: Frame, code: int = NORMAL_CLOSURE) -> list[Effect]:
        """Go over to the socket that was opened before this one's close.

        Nothing that still comes on the old one counts: what it did not answer is sent again.
        """
        return [*self._leave(code), *self.receive(welcome)]

    def _leave(self, code: int) -> list[Effect]:
        self.history.add(seen.Disconnected, code)
        self.welcome = self._retry_after = None
        for about_this_socket in (self._asked, self._unanswered, self._reopened):
            about_this_socket.clear()
        for subscription in self.subscriptions.values():
            subscription.disconnected()
        for waiting in self.pending.values():
            waiting.in_flight = False
        return self._forget_leaves()

    def _forget_leaves(self) -> list[Effect]:
        """Take the end of the socket for the answer to what was to end on it: a subscription.

        Sent again on the next one, it would end that one's, if the room is open again by then.
        """
        leaves = [ref for ref, one in self.pending.items() if one.command["type"] == "unsubscribe"]
        for ref in leaves:
            del self.pending[ref]
        return [_left(ref) for ref in leaves]

    def finish(self) -> History:
        """Return the history with the rooms as they stand now."""
        for room, subscription in self.subscriptions.items():
            self.history.views[room] = subscription.view.messages()
            self.history.since[room] = subscription.view.since
        if self.history.ended is None:
            self.history.ended = self.history.clock()
        return self.history

    def _welcomed(self, frame: Frame) -> list[Effect]:
        self.welcome, self.user = frame, frame["user"]["id"]
        self.backoff.reset()
        self.history.add(
            seen.Connected,
            self.user,
            str(frame["connection"]),
            str(frame["replica"]),
            frame["epoch"],
        )
        if self.epoch not in (None, frame["epoch"]):
            for subscription in self.subscriptions.values():
                subscription.forget()
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
            some = rooms[first : first + ROOMS_PER_SUBSCRIBE]
            positions = {room: self.subscriptions[room].position for room in some}
            ref = next(self._refs)
            self._asked[ref] = some
            self._unanswered.update(some)
            for room, position in positions.items():
                self.history.add(seen.SubscribeSent, room, position)
            wanted = {str(room): position for room, position in positions.items()}
            effects.append(WriteFrame({"type": "subscribe", "ref": ref, "rooms": wanted}))
        return effects

    def _subscribed(self, frame: Frame) -> list[Effect]:
        room = frame["room"]
        listed = frame["online"]
        online = None if listed is None else tuple(one["id"] for one in listed)
        self.history.add(seen.Subscribed, room, frame["seq"], frame["resumed"], online)
        if self._is_reopened(room):
            return self._subscribe([room])
        subscription = self.subscriptions.get(room)
        if subscription is None or not subscription.subscribed(frame):
            return []
        return [LoadRoom(room, subscription.loads)]

    def _answered(self, frame: Frame) -> list[Effect]:
        ref = frame.get("ref")  # none where the command was written without one
        waiting = self.pending.pop(ref, None) if isinstance(ref, int) else None
        if ref is None or waiting is None:
            return []
        self.history.add(seen.CommandAnswered, ref, waiting.command, None, frame.get("message"))
        return [CommandDone(ref, frame)]

    def _problem(self, frame: Frame) -> list[Effect]:
        ref, code = frame.get("ref"), frame["code"]
        after = frame.get("retry_after") or DEFAULT_RETRY_SECONDS
        if ref in self._asked:
            return self._not_subscribed(frame, after)
        waiting = self.pending.get(ref) if isinstance(ref, int) else None
        if waiting is None or ref is None:
            self.notifications.append(frame)
            return []
        self.history.add(seen.CommandAnswered, ref, waiting.command, code, None)
        waiting.in_flight = False
        if waiting.retry and code in PASSING:
            return [RetryLater(ref, after)]
        del self.pending[ref]
        return [CommandDone(ref, frame)]

    def _not_subscribed(self, frame: Frame, after: float) -> list[Effect]:
        self.notifications.append(frame)
        rooms = [frame["room"]] if "room" in frame else self._asked[frame["ref"]]
        reopened = [room for room in rooms if self._is_reopened(room)]
        if frame["code"] in PASSING:
            again = next(self._refs)
            self._asked[again] = rooms
            return [RetryLater(again, after)]
        for room in rooms:
            self.history.add(seen.SubscriptionEnded, room, frame["code"])
            if room not in reopened:
                self.subscriptions.pop(room, None)
        return self._subscribe(reopened)

    def _is_reopened(self, room: int) -> bool:
        """Take the answer to a room's `subscribe`; tell whether it was opened again meanwhile."""
        self._unanswered.discard(room)
        is_reopened = room in self._reopened
        self._reopened.discard(room)
        return is_reopened

    def _presence_changed(self, frame: Frame) -> None:
        joined = tuple(one["id"] for one in frame["joined"])
        self.history.add(seen.PresenceChanged, frame["room"], joined, tuple(frame["left"]))
        if frame["room"] in self.subscriptions:
            self.subscriptions[frame["room"]].presence_changed(frame)

    def _removed(self, frame: Frame) -> None:
        self.notifications.append(frame)
        asked = self.subscriptions.get(frame["room"])
        if asked is not None and not asked.live:
            return  # it tells of an earlier stay; what was asked since is answered by itself
        self.subscriptions.pop(frame["room"], None)
        self.history.add(seen.SubscriptionEnded, frame["room"], frame["reason"])

    def _event(self, frame: Frame) -> None:
        room = frame["room"]
        self.history.add(
            seen.EventReceived, room, frame["seq"], frame["type"], frame.get("message")
        )
        if room in self.subscriptions:
            self.subscriptions[room].apply(frame)

    def _give_up_longest(self) -> list[Effect]:
        """Fail the command that closed the socket: of those in flight, the longest."""
        flying = [ref for ref, waiting in self.pending.items() if waiting.in_flight]
        if not flying:
            return []
        longest = max(flying, key=lambda ref: len(str(self.pending[ref].command)))
        waiting = self.pending.pop(longest)
        self.history.add(seen.CommandAnswered, longest, waiting.command, "too_large", None)
        return [CommandDone(longest, {"type": "problem", "ref": longest, "code": "too_large"})]


def _left(ref: int) -> CommandDone:
    return CommandDone(ref, {"type": "ok", "ref": ref})

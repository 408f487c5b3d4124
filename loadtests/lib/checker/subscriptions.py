"""Rules of one subscription: every event once, in order, without holes. Pure.

A subscription begins with `subscribe` and ends with the socket, with the next `subscribe` of the
room, with the answer to `unsubscribe`, or when one is put out of the room. Between `subscribe` and
`subscribed` come the missed events, after it the live ones. Nothing here needs the log, and what is
kept is one small record for each open room: a long run judges each entry as it happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    Disconnected,
    Entry,
    EventReceived,
    History,
    Subscribed,
    SubscribeSent,
    SubscriptionEnded,
)


def check(history: History) -> list[Violation]:
    order = OrderChecker(history.name)
    return [fault for entry in history.entries for fault in order.take(entry)]


@dataclass(slots=True)
class OrderChecker:
    """The subscriptions of one client. Give `take` all its entries in order, from the first."""

    who: str
    _open: dict[int, "_Open"] = field(default_factory=dict)  # by room

    def take(self, entry: Entry) -> list[Violation]:
        """Return what is wrong with an entry, after those that were taken before."""
        match entry:
            case SubscribeSent(room=room, position=position):
                after = None if position is None else position + 1
                self._open[room] = _Open(position, after)
            case Disconnected():
                self._open.clear()
            case SubscriptionEnded(room=room):
                self._open.pop(room, None)
            case CommandSent(command={"type": "unsubscribe", "room": room}) if room in self._open:
                self._open[room].leaving = entry.ref
            case CommandAnswered(command={"type": "unsubscribe", "room": room}):
                self._left(room, entry)
            case Subscribed():
                return list(self._subscribed(self._open.get(entry.room), entry))
            case EventReceived():
                return list(self._heard(self._open.get(entry.room), entry))
        return []

    def _left(self, room: int, entry: CommandAnswered) -> None:
        # A `subscribe` that was sent behind the `unsubscribe` is not over with its answer.
        if room in self._open and entry.code is None and self._open[room].leaving == entry.ref:
            del self._open[room]

    def _subscribed(self, subscription: "_Open | None", entry: Subscribed) -> Iterator[Violation]:
        if subscription is None or subscription.confirmed:
            yield self._fault("asked-first", entry, "`subscribed` without a `subscribe`")
            return
        expected = entry.seq + 1
        if entry.resumed and subscription.next not in (None, expected):
            detail = f"live from {entry.seq}, but the missed events end before {subscription.next}"
            yield self._fault("replay-complete", entry, detail)
        if subscription.replayed and not entry.resumed:
            yield self._fault("replay-none", entry, "missed events came with `resumed: false`")
        subscription.next, subscription.confirmed = expected, True

    def _heard(self, subscription: "_Open | None", entry: EventReceived) -> Iterator[Violation]:
        if subscription is None:
            yield self._fault("asked-first", entry, f"event {entry.seq} without a subscription")
        elif subscription.next is None:
            yield self._fault("replay-none", entry, f"event {entry.seq} before `subscribed`")
        else:
            if entry.seq != subscription.next:
                detail = f"event {entry.seq} came where {subscription.next} was due"
                yield self._fault(subscription.broken_by(entry.seq), entry, detail)
            subscription.next = max(subscription.next, entry.seq + 1)

    def _fault(self, rule: str, entry: Subscribed | EventReceived, detail: str) -> Violation:
        return Violation(rule, self.who, entry.room, detail)


@dataclass(slots=True)
class _Open:
    """What the next event of a room must be; `next` is None until that is known."""

    position: int | None
    next: int | None
    confirmed: bool = False
    leaving: int | None = None  # the ref of the `unsubscribe` that was sent
    skipped: list[range] = field(default_factory=list)

    @property
    def replayed(self) -> bool:
        return self.position is not None and self.next != self.position + 1

    def broken_by(self, seq: int) -> str:
        """Return the rule that an event breaks which is not the one that was due."""
        assert self.next is not None, "nothing was due yet"
        if seq > self.next:
            self.skipped.append(range(self.next, seq))
            return "event-skipped"
        return "event-in-order" if any(seq in hole for hole in self.skipped) else "event-once"

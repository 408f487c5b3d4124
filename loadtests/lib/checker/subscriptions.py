"""Rules of one subscription: every event once, in order, without gaps. Pure.

A subscription starts with `subscribe`. It ends with the connection, with the next `subscribe` of
the room, with the answer to `unsubscribe`, or when the user is removed. The missed events come
between `subscribe` and `subscribed`, and the live events after that. The check needs no log and
keeps only one small record per open room, so even in a long run each entry can be checked as it
happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import history as entries
from loadtests.lib.client.history import Entry, History


def check(history: History) -> list[Violation]:
    order = OrderChecker(history.name)
    return [violation for entry in history.entries for violation in order.check(entry)]


@dataclass(slots=True)
class OrderChecker:
    """Checks the subscriptions of one client.

    The checker must get all entries of the client's history in order, starting with the first.
    """

    client: str
    _open: dict[int, "_Open"] = field(default_factory=dict)  # the open subscription of each room

    def check(self, entry: Entry) -> list[Violation]:
        """Return what is wrong with the next entry."""
        match entry:
            case entries.SubscribeSent(room=room, position=position):
                after = None if position is None else position + 1
                self._open[room] = _Open(position, after)
            case entries.Disconnected():
                self._open.clear()
            case entries.SubscriptionEnded(room=room):
                self._open.pop(room, None)
            case entries.CommandSent(command={"type": "unsubscribe", "room": room}) if (
                room in self._open
            ):
                self._open[room].leaving = entry.ref
            case entries.CommandAnswered(command={"type": "unsubscribe", "room": room}):
                self._unsubscribed(room, entry)
            case entries.Subscribed():
                return list(self._subscribed(self._open.get(entry.room), entry))
            case entries.EventReceived():
                return list(self._received(self._open.get(entry.room), entry))
        return []

    def _unsubscribed(self, room: int, entry: entries.CommandAnswered) -> None:
        # The answer to an `unsubscribe` does not end a subscription that was started after it.
        if room in self._open and entry.code is None and self._open[room].leaving == entry.ref:
            del self._open[room]

    def _subscribed(
        self, subscription: "_Open | None", entry: entries.Subscribed
    ) -> Iterator[Violation]:
        if subscription is None or subscription.confirmed:
            yield self._violation("asked-first", entry, "`subscribed` without a `subscribe`")
            return
        expected = entry.seq + 1
        if entry.resumed and subscription.next not in (None, expected):
            detail = f"live from {entry.seq}, but the missed events end before {subscription.next}"
            yield self._violation("replay-complete", entry, detail)
        if subscription.replayed and not entry.resumed:
            yield self._violation("replay-none", entry, "missed events came with `resumed: false`")
        subscription.next, subscription.confirmed = expected, True

    def _received(
        self, subscription: "_Open | None", entry: entries.EventReceived
    ) -> Iterator[Violation]:
        if subscription is None:
            yield self._violation("asked-first", entry, f"event {entry.seq} without a subscription")
        elif subscription.next is None:
            yield self._violation("replay-none", entry, f"event {entry.seq} before `subscribed`")
        else:
            if entry.seq != subscription.next:
                detail = f"event {entry.seq} came instead of {subscription.next}"
                yield self._violation(subscription.broken_by(entry.seq), entry, detail)
            subscription.next = max(subscription.next, entry.seq + 1)

    def _violation(
        self, rule: str, entry: entries.Subscribed | entries.EventReceived, detail: str
    ) -> Violation:
        return Violation(rule, self.client, entry.room, detail)


@dataclass(slots=True)
class _Open:
    """An open subscription. `next` is the seq that the room's next event must have, once known."""

    position: int | None
    next: int | None
    confirmed: bool = False
    leaving: int | None = None  # the ref of the `unsubscribe` that was sent
    skipped: list[range] = field(default_factory=list)

    @property
    def replayed(self) -> bool:
        return self.position is not None and self.next != self.position + 1

    def broken_by(self, seq: int) -> str:
        """Return the rule that an event with an unexpected seq breaks."""
        assert self.next is not None, "any event may come first"
        if seq > self.next:
            self.skipped.append(range(self.next, seq))
            return "event-skipped"
        return "event-in-order" if any(seq in gap for gap in self.skipped) else "event-once"

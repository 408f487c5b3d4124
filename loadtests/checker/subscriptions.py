"""Rules of one subscription: every event once, in order, without holes. Pure.

A subscription begins with `subscribe` and ends with the socket, with the next `subscribe` of the
room, or when one is put out of it. Between `subscribe` and `subscribed` come the missed events,
after it the live ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.checker.fault import Fault
from loadtests.checker.log import Log
from loadtests.client.history import Asked, Closed, Heard, History, Removed, Subscribed


def check(history: History, log: Log) -> list[Fault]:
    return list(_faults(history, log))


@dataclass(slots=True)
class _Open:
    """What the next event of a room must be; `next` is None until that is known."""

    room: int
    position: int | None
    next: int | None
    confirmed: bool = False


def _faults(history: History, log: Log) -> Iterator[Fault]:
    subscriptions: dict[int, _Open] = {}
    for entry in history.entries:
        match entry:
            case Asked(room=room, position=position):
                after = None if position is None else position + 1
                subscriptions[room] = _Open(room, position, after)
            case Closed():
                subscriptions.clear()
            case Removed(room=room):
                subscriptions.pop(room, None)
            case Subscribed():
                yield from _subscribed(history.name, subscriptions.get(entry.room), entry)
            case Heard():
                yield from _heard(history.name, subscriptions.get(entry.room), entry)
                yield from _is_logged(history.name, entry, log)


def _subscribed(who: str, subscription: _Open | None, entry: Subscribed) -> Iterator[Fault]:
    if subscription is None or subscription.confirmed:
        yield Fault("asked-first", who, entry.room, "`subscribed` without a `subscribe`")
        return
    replayed = subscription.next != _first(subscription)
    expected = entry.seq + 1
    if entry.resumed and subscription.next not in (None, expected):
        detail = f"live from {entry.seq}, but the missed events end before {subscription.next}"
        yield Fault("replay-complete", who, entry.room, detail)
    if replayed and not entry.resumed:
        yield Fault("replay-none", who, entry.room, "missed events came with `resumed: false`")
    subscription.next, subscription.confirmed = expected, True


def _heard(who: str, subscription: _Open | None, entry: Heard) -> Iterator[Fault]:
    if subscription is None:
        yield Fault("asked-first", who, entry.room, f"event {entry.seq} without a subscription")
    elif subscription.next is None:
        yield Fault("replay-none", who, entry.room, f"event {entry.seq} before `subscribed`")
    else:
        if entry.seq != subscription.next:
            detail = f"event {entry.seq} came where {subscription.next} was due"
            rule = "event-once" if entry.seq < subscription.next else "event-in-order"
            yield Fault(rule, who, entry.room, detail)
        subscription.next = max(subscription.next, entry.seq + 1)


def _is_logged(who: str, entry: Heard, log: Log) -> Iterator[Fault]:
    """What was told is in the log, at the same seq and of the same type."""
    events = log.rooms.get(entry.room, [])
    logged = events[entry.seq - 1] if 0 < entry.seq <= len(events) else None
    if logged is None or logged.type != entry.type:
        detail = f"heard {entry.type} at {entry.seq}; the log has {logged and logged.type}"
        yield Fault("event-logged", who, entry.room, detail)


def _first(subscription: _Open) -> int | None:
    return None if subscription.position is None else subscription.position + 1

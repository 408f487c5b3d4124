"""The checker finds the clients that receive something after their user lost access, and no others.

Bob loses access at 10 seconds, by a request that was sent at 9 seconds. The promise is two seconds.
"""

import pytest

from loadtests.lib.checker import Deadlines, FaultWindow, Promises
from loadtests.lib.checker.revocation import check
from loadtests.lib.client.history import (
    AccessRevoked,
    Connected,
    Disconnected,
    Entry,
    EventReceived,
    History,
    PresenceChanged,
    RoomLoaded,
    Subscribed,
    SubscribeSent,
    SubscriptionEnded,
)
from tests.support.model_server import ROOM

PROMISES = Promises(revoked_seconds=2)
IN: list[Entry] = [
    Connected(0.0, 2, "c", "r", "e"),
    SubscribeSent(1.0, ROOM, None),
    Subscribed(1.0, ROOM, 0, True, ()),
]


def event(at: float, room: int = ROOM) -> EventReceived:
    return EventReceived(at, room, 1, "message.created", None)


def rules(
    *entries: Entry, room: int | None = ROOM, windows: tuple[FaultWindow, ...] = ()
) -> list[str]:
    revocations = History("revocations", [AccessRevoked(10.0, 9.0, ("bob",), room)])
    bob = History("bob", [*IN, *entries], ended=100.0)
    return [violation.rule for violation in check([revocations, bob], Deadlines(PROMISES, windows))]


def test_a_subscription_that_ends_in_time_is_no_violation() -> None:
    assert rules(event(8.0), event(11.0), SubscriptionEnded(11.5, ROOM, "removed")) == []
    assert rules(event(11.0), Disconnected(11.5, 4501), room=None) == []


def test_access_may_end_before_the_request_is_answered() -> None:
    assert rules(SubscriptionEnded(9.5, ROOM, "removed"), event(20.0)) == []


@pytest.mark.parametrize("late", [event(12.5), PresenceChanged(12.5, ROOM, (3,), ())])
def test_anything_received_later_is_a_leak(late: Entry) -> None:
    assert rules(late, SubscriptionEnded(12.6, ROOM, "removed")) == ["revoked-in-time"]
    assert rules(late, Disconnected(12.6, 4501), room=None) == ["revoked-in-time"]


def test_a_connection_that_continues_is_found_by_its_other_rooms() -> None:
    assert rules(event(50.0, room=8)) == ["revoked-in-time"]


def test_an_ended_session_must_not_connect_again() -> None:
    back = Connected(30.0, 2, "c", "r", "e")
    assert rules(Disconnected(10.5, 4501), back, room=None) == ["revoked-in-time"]


def test_a_user_who_was_added_again_may_subscribe_again() -> None:
    again = SubscribeSent(30.0, ROOM, 4), Subscribed(30.1, ROOM, 5, True, ()), event(31.0)
    assert rules(SubscriptionEnded(10.5, ROOM, "removed"), *again) == []


def test_a_connection_that_receives_nothing_is_no_leak() -> None:
    assert rules(Disconnected(40.0, 1006)) == []
    assert rules(Disconnected(40.0, 1006), room=None) == []


def test_a_load_that_succeeds_without_access_is_a_leak() -> None:
    load = RoomLoaded(30.0, ROOM, 9)
    assert rules(SubscriptionEnded(10.5, ROOM, "removed"), load) == ["revoked-in-time"]
    assert rules(Disconnected(10.5, 4501), load) == ["revoked-in-time"]
    assert rules(Disconnected(10.5, 4501), load, room=None) == ["revoked-in-time"]
    assert rules(load) == ["revoked-in-time"]


def test_a_load_of_another_room_or_after_rejoining_is_no_leak() -> None:
    assert rules(Disconnected(10.5, 4501), RoomLoaded(30.0, 8, 9)) == []
    again = (
        SubscribeSent(30.0, ROOM, None),
        Subscribed(30.1, ROOM, 5, False, ()),
        RoomLoaded(31.0, ROOM, 9),
    )
    assert rules(SubscriptionEnded(10.5, ROOM, "removed"), *again) == []


def test_without_redis_revocation_may_take_longer() -> None:
    window = FaultWindow("Redis is down", 5.0, 30.0, Promises(revoked_seconds=6))
    assert rules(event(15.0), SubscriptionEnded(15.5, ROOM, "removed"), windows=(window,)) == []
    late = event(16.5), SubscriptionEnded(17.0, ROOM, "removed")
    assert rules(*late, windows=(window,)) == ["revoked-in-time"]

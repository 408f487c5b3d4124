"""The checker finds who was told something after they were put out, and nobody who was not.

Bob is put out at 10 seconds, asked for at 9; the promise is two seconds.
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
    deeds = History("the crowd", [AccessRevoked(10.0, 9.0, ("bob",), room)])
    bob = History("bob", [*IN, *entries], ended=100.0)
    return [fault.rule for fault in check([deeds, bob], Deadlines(PROMISES, windows))]


def test_whoever_is_told_in_time_that_it_is_over_is_cut_off() -> None:
    assert rules(event(8.0), event(11.0), SubscriptionEnded(11.5, ROOM, "removed")) == []
    assert rules(event(11.0), Disconnected(11.5, 4501), room=None) == []


def test_it_may_be_over_before_whoever_did_it_is_answered() -> None:
    assert rules(SubscriptionEnded(9.5, ROOM, "removed"), event(20.0)) == []


@pytest.mark.parametrize("late", [event(12.5), PresenceChanged(12.5, ROOM, (3,), ())])
def test_what_comes_later_is_a_leak(late: Entry) -> None:
    assert rules(late, SubscriptionEnded(12.6, ROOM, "removed")) == ["revoked-in-time"]
    assert rules(late, Disconnected(12.6, 4501), room=None) == ["revoked-in-time"]


def test_a_subscription_that_lives_on_without_a_word_is_found_by_the_socket_that_does() -> None:
    assert rules(event(50.0, room=8)) == ["revoked-in-time"]


def test_a_session_that_is_over_opens_no_socket_again() -> None:
    back = Connected(30.0, 2, "c", "r", "e")
    assert rules(Disconnected(10.5, 4501), back, room=None) == ["revoked-in-time"]


def test_a_room_that_one_was_put_into_again_is_another_subscription() -> None:
    again = SubscribeSent(30.0, ROOM, 4), Subscribed(30.1, ROOM, 5, True, ()), event(31.0)
    assert rules(SubscriptionEnded(10.5, ROOM, "removed"), *again) == []


def test_a_socket_on_which_nothing_comes_any_more_is_no_leak() -> None:
    assert rules(Disconnected(40.0, 1006)) == []
    assert rules(Disconnected(40.0, 1006), room=None) == []


def test_a_load_that_succeeds_when_it_is_over_is_a_leak() -> None:
    load = RoomLoaded(30.0, ROOM, 9)
    assert rules(SubscriptionEnded(10.5, ROOM, "removed"), load) == ["revoked-in-time"]
    assert rules(Disconnected(10.5, 4501), load) == ["revoked-in-time"]
    assert rules(Disconnected(10.5, 4501), load, room=None) == ["revoked-in-time"]
    assert rules(load) == ["revoked-in-time"]


def test_a_load_of_another_room_or_after_coming_back_is_none() -> None:
    assert rules(Disconnected(10.5, 4501), RoomLoaded(30.0, 8, 9)) == []
    again = (
        SubscribeSent(30.0, ROOM, None),
        Subscribed(30.1, ROOM, 5, False, ()),
        RoomLoaded(31.0, ROOM, 9),
    )
    assert rules(SubscriptionEnded(10.5, ROOM, "removed"), *again) == []


def test_without_redis_it_may_take_longer() -> None:
    away = FaultWindow("Redis is away", 5.0, 30.0, Promises(revoked_seconds=6))
    assert rules(event(15.0), SubscriptionEnded(15.5, ROOM, "removed"), windows=(away,)) == []
    late = event(16.5), SubscriptionEnded(17.0, ROOM, "removed")
    assert rules(*late, windows=(away,)) == ["revoked-in-time"]

"""The checker finds users who are shown but gone, or present but not shown, after a deadline.

Times are in seconds. Alice is user 1 and Bob is user 2. Both have the same room open.
"""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.checker import Deadlines, FaultWindow, Promises
from loadtests.lib.checker.intervals import intersect_intervals, merge_intervals, subtract_intervals
from loadtests.lib.checker.presence import check
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    Connected,
    Disconnected,
    Entry,
    EventReceived,
    History,
    PresenceChanged,
    Subscribed,
    SubscribeSent,
    SubscriptionEnded,
)
from tests.support.model_server import ROOM

ENDED = 100.0
PROMISES = Promises(present_seconds=2, gone_seconds=10)
LEAVE = {"type": "unsubscribe", "room": ROOM}


def history_of(name: str, user: int, *entries: Entry, ended: float | None = ENDED) -> History:
    return History(name, [Connected(0.0, user, "c", "r", "e"), *entries], ended=ended)


def opens(at: float, *online: int) -> list[Entry]:
    return [SubscribeSent(at, ROOM, None), Subscribed(at + 0.1, ROOM, 0, True, online)]


def alice_sees(*entries: Entry, online: tuple[int, ...] = (1,)) -> History:
    return history_of("alice", 1, *opens(1, *online), *entries)


def rules(*histories: History, windows: Sequence[FaultWindow] = ()) -> list[str]:
    return [violation.rule for violation in check(histories, Deadlines(PROMISES, windows))]


def test_changes_within_the_promised_time_are_no_violations() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(25.0, ROOM, (), (2,)))
    bob = history_of("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    assert rules(alice, bob) == []


def test_a_user_shown_long_after_they_left_is_a_ghost() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(30.5, ROOM, (), (2,)))
    bob = history_of("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    assert rules(alice, bob) == ["gone-in-time"]


@pytest.mark.parametrize(
    "leaves",
    [
        [Disconnected(20.0, 1000)],
        [SubscriptionEnded(20.0, ROOM, "removed")],
        [CommandSent(20.0, 1, LEAVE), CommandAnswered(20.1, 1, LEAVE, None, None)],
    ],
    ids=["connection lost", "removed", "unsubscribed"],
)
def test_a_ghost_is_found_however_they_left(leaves: list[Entry]) -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()))
    bob = history_of("bob", 2, *opens(10, 1, 2), *leaves)
    assert rules(alice, bob) == ["gone-in-time"]


def test_a_user_who_was_never_present_is_a_ghost() -> None:
    assert rules(alice_sees(online=(1, 3))) == ["gone-in-time"]


def test_a_user_with_another_tab_is_no_ghost() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()))
    bob = history_of("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    again = history_of("bob, tab 2", 2, *opens(28, 1, 2))
    assert rules(alice, bob, again) == []


def test_a_user_who_is_present_and_not_shown_is_missing() -> None:
    bob = history_of("bob", 2, *opens(10, 1, 2))
    assert rules(alice_sees(), bob) == ["present-in-time"]


def test_a_user_shown_as_gone_meanwhile_is_missing() -> None:
    gone = PresenceChanged(30.0, ROOM, (), (2,)), PresenceChanged(33.0, ROOM, (2,), ())
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), *gone)
    assert rules(alice, history_of("bob", 2, *opens(10, 1, 2))) == ["present-in-time"]


def test_a_client_that_receives_nothing_is_not_certainly_present() -> None:
    """The client's replica could have died long before the client noticed."""
    bob = history_of("bob", 2, *opens(10, 1, 2), Disconnected(40.0, 1006))
    assert rules(alice_sees(), bob) == []


def test_a_client_that_received_something_until_its_end_was_present() -> None:
    received = EventReceived(39.0, ROOM, 1, "message.created", None)
    bob = history_of("bob", 2, *opens(10, 1, 2), received, Disconnected(40.0, 1006))
    assert rules(alice_sees(), bob) == ["present-in-time"]


def test_no_user_is_missing_in_a_room_with_only_a_count() -> None:
    alice = history_of(
        "alice", 1, SubscribeSent(1.0, ROOM, None), Subscribed(1.1, ROOM, 0, True, None)
    )
    assert rules(alice, history_of("bob", 2, *opens(10, 1, 2))) == []


def test_promises_count_from_the_end_of_an_outage() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(45.0, ROOM, (), (2,)))
    bob = history_of("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    still = FaultWindow("Redis is down", 18.0, 38.0, unavailable=True)
    assert rules(alice, bob, windows=[still]) == []
    assert rules(alice, bob, windows=[FaultWindow("no reason", 18.0, 38.0)]) == ["gone-in-time"]
    assert rules(alice, bob, windows=[FaultWindow("over", 1.0, 19.0, unavailable=True)]) != []


def test_users_are_forgotten_in_time_once_the_bus_is_restored() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(45.0, ROOM, (), (2,)))
    bob = history_of("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    assert rules(alice, bob, windows=[FaultWindow("no Redis", 18.0, 38.0, bus_lost=True)]) == []
    late = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(49.5, ROOM, (), (2,)))
    assert rules(late, bob, windows=[FaultWindow("no Redis", 18.0, 38.0, bus_lost=True)]) != []


def test_a_window_may_have_promises_of_its_own() -> None:
    bob = history_of("bob", 2, *opens(10, 1, 2))
    alice = alice_sees(PresenceChanged(15.0, ROOM, (2,), ()))
    slow = FaultWindow("a slow cable", 9.0, 20.0, Promises(present_seconds=6))
    assert rules(alice, bob) == ["present-in-time"]
    assert rules(alice, bob, windows=[slow]) == []


moments = st.integers(0, 30)
some_intervals = st.lists(st.tuples(moments, moments), max_size=6)


def inside(moment: float, intervals: Sequence[tuple[float, float]]) -> bool:
    return any(start < moment < end for start, end in intervals)


@given(st.tuples(moments, moments), some_intervals, moments)
def test_intervals_are_subtracted_and_intersected_like_sets(
    interval: tuple[int, int], others: list[tuple[int, int]], at: int
) -> None:
    moment, merged = at + 0.5, merge_intervals(others)
    assert inside(moment, merged) == inside(moment, others)
    assert sorted(merged) == merged
    left = list(subtract_intervals(interval, merged))
    assert inside(moment, left) == (inside(moment, [interval]) and not inside(moment, others))
    both = list(intersect_intervals(interval, merged))
    assert inside(moment, both) == (inside(moment, [interval]) and inside(moment, others))

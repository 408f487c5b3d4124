"""The checker finds who is shown and gone, and who is there and not shown; no sooner than promised.

Times are seconds. Alice is person 1, Bob is person 2; both look at the same room.
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


def told(name: str, user: int, *entries: Entry, ended: float | None = ENDED) -> History:
    return History(name, [Connected(0.0, user, "c", "r", "e"), *entries], ended=ended)


def opens(at: float, *online: int) -> list[Entry]:
    return [SubscribeSent(at, ROOM, None), Subscribed(at + 0.1, ROOM, 0, True, online)]


def alice_sees(*entries: Entry, online: tuple[int, ...] = (1,)) -> History:
    return told("alice", 1, *opens(1, *online), *entries)


def rules(*histories: History, windows: Sequence[FaultWindow] = ()) -> list[str]:
    return [fault.rule for fault in check(histories, Deadlines(PROMISES, windows))]


def test_it_finds_nothing_where_everybody_is_shown_in_time() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(25.0, ROOM, (), (2,)))
    bob = told("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    assert rules(alice, bob) == []


def test_somebody_shown_long_after_they_went_is_a_ghost() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(30.5, ROOM, (), (2,)))
    bob = told("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    assert rules(alice, bob) == ["gone-in-time"]


@pytest.mark.parametrize(
    "goes",
    [
        [Disconnected(20.0, 1000)],
        [SubscriptionEnded(20.0, ROOM, "removed")],
        [CommandSent(20.0, 1, LEAVE), CommandAnswered(20.1, 1, LEAVE, None, None)],
    ],
    ids=["socket lost", "put out", "room closed"],
)
def test_a_ghost_is_found_however_they_went(goes: list[Entry]) -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()))
    bob = told("bob", 2, *opens(10, 1, 2), *goes)
    assert rules(alice, bob) == ["gone-in-time"]


def test_somebody_who_was_never_there_is_a_ghost() -> None:
    assert rules(alice_sees(online=(1, 3))) == ["gone-in-time"]


def test_who_comes_back_with_another_tab_is_no_ghost() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()))
    bob = told("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    again = told("bob, tab 2", 2, *opens(28, 1, 2))
    assert rules(alice, bob, again) == []


def test_somebody_there_and_not_shown_is_missing() -> None:
    bob = told("bob", 2, *opens(10, 1, 2))
    assert rules(alice_sees(), bob) == ["present-in-time"]


def test_somebody_shown_as_gone_meanwhile_is_missing() -> None:
    gone = PresenceChanged(30.0, ROOM, (), (2,)), PresenceChanged(33.0, ROOM, (2,), ())
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), *gone)
    assert rules(alice, told("bob", 2, *opens(10, 1, 2))) == ["present-in-time"]


def test_who_hears_nothing_any_more_is_not_known_to_be_there() -> None:
    """Their replica may have died long before their client noticed."""
    bob = told("bob", 2, *opens(10, 1, 2), Disconnected(40.0, 1006))
    assert rules(alice_sees(), bob) == []


def test_who_heard_something_to_the_last_was_there() -> None:
    heard = EventReceived(39.0, ROOM, 1, "message.created", None)
    bob = told("bob", 2, *opens(10, 1, 2), heard, Disconnected(40.0, 1006))
    assert rules(alice_sees(), bob) == ["present-in-time"]


def test_nobody_is_missed_where_people_are_only_counted() -> None:
    alice = told("alice", 1, SubscribeSent(1.0, ROOM, None), Subscribed(1.1, ROOM, 0, True, None))
    assert rules(alice, told("bob", 2, *opens(10, 1, 2))) == []


def test_a_window_gives_more_time_from_its_end_where_all_stands_still() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(45.0, ROOM, (), (2,)))
    bob = told("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    still = FaultWindow("Redis is away", 18.0, 38.0, unavailable=True)
    assert rules(alice, bob, windows=[still]) == []
    assert rules(alice, bob, windows=[FaultWindow("no reason", 18.0, 38.0)]) == ["gone-in-time"]
    assert rules(alice, bob, windows=[FaultWindow("over", 1.0, 19.0, unavailable=True)]) != []


def test_who_cannot_be_heard_of_is_forgotten_in_time_once_replicas_hear_again() -> None:
    alice = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(45.0, ROOM, (), (2,)))
    bob = told("bob", 2, *opens(10, 1, 2), Disconnected(20.0, 1006))
    assert rules(alice, bob, windows=[FaultWindow("no Redis", 18.0, 38.0, deaf=True)]) == []
    late = alice_sees(PresenceChanged(11.0, ROOM, (2,), ()), PresenceChanged(49.5, ROOM, (), (2,)))
    assert rules(late, bob, windows=[FaultWindow("no Redis", 18.0, 38.0, deaf=True)]) != []


def test_a_window_may_have_promises_of_its_own() -> None:
    bob = told("bob", 2, *opens(10, 1, 2))
    alice = alice_sees(PresenceChanged(15.0, ROOM, (2,), ()))
    slow = FaultWindow("a slow cable", 9.0, 20.0, Promises(present_seconds=6))
    assert rules(alice, bob) == ["present-in-time"]
    assert rules(alice, bob, windows=[slow]) == []


moments = st.integers(0, 30)
some_spans = st.lists(st.tuples(moments, moments), max_size=6)


def inside(moment: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(began < moment < ended for began, ended in spans)


@given(st.tuples(moments, moments), some_spans, moments)
def test_spans_are_taken_from_each_other_and_have_in_common_what_sets_would(
    span: tuple[int, int], others: list[tuple[int, int]], hour: int
) -> None:
    moment, together = hour + 0.5, merge_intervals(others)
    assert inside(moment, together) == inside(moment, others)
    assert sorted(together) == together
    left = list(subtract_intervals(span, together))
    assert inside(moment, left) == (inside(moment, [span]) and not inside(moment, others))
    both = list(intersect_intervals(span, together))
    assert inside(moment, both) == (inside(moment, [span]) and inside(moment, others))

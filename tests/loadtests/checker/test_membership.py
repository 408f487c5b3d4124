"""The checker finds clients that receive events of rooms they are not in, or send to them.

Alice (1) creates the room at seq 1, Bob (2) joins at 2, is removed at 5 and joins again at 8.
"""

import pytest

from loadtests.lib.checker import Log
from loadtests.lib.checker.log import LoggedEvent
from loadtests.lib.checker.membership import Memberships, check, check_log
from loadtests.lib.client.history import (
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


def make_log() -> Log:
    log = Log()
    joined, left, created = "member.joined", "member.left", "message.created"
    log.rooms[ROOM] = [
        LoggedEvent(1, joined, None, 1, 1),
        LoggedEvent(2, joined, None, 1, 2),
        LoggedEvent(3, created, 101, 1),
        LoggedEvent(4, created, 102, 2),
        LoggedEvent(5, left, None, 1, 2),
        LoggedEvent(6, created, 103, 1),
        LoggedEvent(7, created, 104, 1),
        LoggedEvent(8, joined, None, 1, 2),
        LoggedEvent(9, created, 105, 2),
    ]
    return log


def violations(*entries: Entry, user: int = 2) -> list[str]:
    history = History("bob", [Connected(0.0, user, "c", "r", "e"), *entries])
    return [str(violation) for violation in check(history, Memberships(make_log()))]


def subscribes(seq: int, position: int | None = None) -> list[Entry]:
    return [SubscribeSent(0.0, ROOM, position), Subscribed(0.0, ROOM, seq, True, ())]


def receives(*seqs: int) -> list[Entry]:
    return [EventReceived(0.0, ROOM, seq, "message.created", None) for seq in seqs]


def test_leaving_is_the_last_event_that_is_received() -> None:
    assert (
        violations(*subscribes(2), *receives(3, 4, 5), SubscriptionEnded(0.0, ROOM, "removed"))
        == []
    )


def test_a_member_who_rejoined_may_read_everything_before() -> None:
    before = [*subscribes(2), *receives(3, 4), Disconnected(0.0, 1006), SubscribeSent(0.0, ROOM, 4)]
    assert (
        violations(*before, *receives(5, 6, 7, 8), Subscribed(0.0, ROOM, 8, True, ()), *receives(9))
        == []
    )


def test_an_event_after_leaving_is_a_leak() -> None:
    [violation] = violations(*subscribes(4), *receives(5, 6))
    assert violation == "members-only: bob in room 7: user 2 left at 5 and received 6"


@pytest.mark.parametrize("seq", [1, 5, 6, 7])
def test_a_subscription_without_a_membership_is_a_leak(seq: int) -> None:
    assert violations(*subscribes(seq)) == [
        f"members-only: bob in room 7: user 2 could subscribe at seq {seq}"
    ]


@pytest.mark.parametrize("seq", [2, 4, 8, 9])
def test_a_subscription_of_a_member_is_no_leak(seq: int) -> None:
    assert violations(*subscribes(seq)) == []


def test_a_stranger_receives_no_replay_and_no_load() -> None:
    replayed = [SubscribeSent(0.0, ROOM, 0), *receives(1)]
    assert len(violations(*replayed, RoomLoaded(0.0, ROOM, 9), user=3)) == 2


def test_a_stranger_receives_no_presence() -> None:
    [violation] = violations(PresenceChanged(0.0, ROOM, (1,), ()), user=3)
    assert violation == "members-only: bob in room 7: user 3 was never a member"


def test_only_members_send() -> None:
    log = make_log()
    assert check_log(log, Memberships(log)) == []
    log.rooms[ROOM][5] = LoggedEvent(6, "message.created", 103, 2)
    [violation] = check_log(log, Memberships(log))
    assert violation.rule == "speaks-as-member"


def test_a_room_whose_log_does_not_start_with_a_member_is_not_checked() -> None:
    log = make_log()
    log.rooms[ROOM][0] = LoggedEvent(1, "message.created", 100, 1)
    history = History("bob", [Connected(0.0, 3, "c", "r", "e"), *subscribes(9)])
    assert list(check(history, Memberships(log))) == []

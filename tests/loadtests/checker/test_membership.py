"""The checker finds who was told of a room that they were not in, and who spoke there.

Alice (1) makes the room at seq 1, Bob (2) joins at 2, is removed at 5 and is back at 8.
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


def the_log() -> Log:
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


def faults(*entries: Entry, user: int = 2) -> list[str]:
    history = History("bob", [Connected(0.0, user, "c", "r", "e"), *entries])
    return [str(fault) for fault in check(history, Memberships(the_log()))]


def asks(seq: int, position: int | None = None) -> list[Entry]:
    return [SubscribeSent(0.0, ROOM, position), Subscribed(0.0, ROOM, seq, True, ())]


def hears(*seqs: int) -> list[Entry]:
    return [EventReceived(0.0, ROOM, seq, "message.created", None) for seq in seqs]


def test_the_leaving_is_the_last_event_that_one_is_told() -> None:
    assert faults(*asks(2), *hears(3, 4, 5), SubscriptionEnded(0.0, ROOM, "removed")) == []


def test_whoever_is_back_may_read_what_was_said_meanwhile() -> None:
    before = [*asks(2), *hears(3, 4), Disconnected(0.0, 1006), SubscribeSent(0.0, ROOM, 4)]
    assert faults(*before, *hears(5, 6, 7, 8), Subscribed(0.0, ROOM, 8, True, ()), *hears(9)) == []


def test_an_event_after_the_leaving_is_a_leak() -> None:
    [fault] = faults(*asks(4), *hears(5, 6))
    assert fault == "members-only: bob in room 7: person 2 left at 5 and was told of 6"


@pytest.mark.parametrize("seq", [1, 5, 6, 7])
def test_being_let_in_while_one_is_no_member_is_a_leak(seq: int) -> None:
    assert faults(*asks(seq)) == [f"members-only: bob in room 7: person 2 was let in at seq {seq}"]


@pytest.mark.parametrize("seq", [2, 4, 8, 9])
def test_being_let_in_as_a_member_is_none(seq: int) -> None:
    assert faults(*asks(seq)) == []


def test_a_stranger_is_told_nothing_not_even_in_a_replay_or_a_load() -> None:
    replayed = [SubscribeSent(0.0, ROOM, 0), *hears(1)]
    assert len(faults(*replayed, RoomLoaded(0.0, ROOM, 9), user=3)) == 2


def test_a_stranger_is_not_told_who_is_there() -> None:
    [fault] = faults(PresenceChanged(0.0, ROOM, (1,), ()), user=3)
    assert fault == "members-only: bob in room 7: person 3 was never in it"


def test_who_speaks_is_in_the_room() -> None:
    log = the_log()
    assert check_log(log, Memberships(log)) == []
    log.rooms[ROOM][5] = LoggedEvent(6, "message.created", 103, 2)
    [fault] = check_log(log, Memberships(log))
    assert fault.rule == "speaks-as-member"


def test_a_room_whose_log_does_not_tell_who_is_in_it_is_not_judged() -> None:
    log = the_log()
    log.rooms[ROOM][0] = LoggedEvent(1, "message.created", 100, 1)
    history = History("bob", [Connected(0.0, 3, "c", "r", "e"), *asks(9)])
    assert list(check(history, Memberships(log))) == []

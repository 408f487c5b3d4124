"""The checker finds a client that takes up, on the next socket, what it does not show yet."""

import pytest

from loadtests.lib.checker.positions import check
from loadtests.lib.client.history import (
    Connected,
    Disconnected,
    Entry,
    EventReceived,
    History,
    RoomLoaded,
    Subscribed,
    SubscribeSent,
    SubscriptionEnded,
)
from tests.support.model_server import ROOM

LOST = Disconnected(0.0, 1006)


def opened(epoch: str = "e") -> Connected:
    return Connected(0.0, 1, "c", "r", epoch)


def asked(position: int | None) -> SubscribeSent:
    return SubscribeSent(0.0, ROOM, position)


def subscribed(seq: int, *, resumed: bool = True) -> Subscribed:
    return Subscribed(0.0, ROOM, seq, resumed, ())


def heard(*seqs: int) -> list[Entry]:
    return [EventReceived(0.0, ROOM, seq, "message.created", None) for seq in seqs]


def rules(*entries: Entry) -> list[str]:
    return [fault.rule for fault in check(History("bob", [opened(), *entries]))]


def test_it_takes_up_where_it_stood_still() -> None:
    began = asked(0), *heard(1, 2), subscribed(2), *heard(3)
    assert rules(*began, LOST, opened(), asked(3), *heard(4), LOST, opened(), asked(4)) == []


def test_it_may_take_up_earlier_and_see_something_again() -> None:
    assert rules(asked(None), subscribed(5), *heard(6, 7), LOST, opened(), asked(5)) == []


def test_taking_up_later_than_it_stood_is_a_hole() -> None:
    began = asked(0), *heard(1), subscribed(1), LOST, opened()
    assert rules(*began, asked(2)) == ["position-held"]


def test_an_event_after_a_gap_moves_nothing() -> None:
    assert rules(asked(0), subscribed(0), *heard(2), LOST, opened(), asked(2)) == ["position-held"]


def test_a_load_counts_once_it_is_done_with_what_came_live_meanwhile() -> None:
    began = asked(0), subscribed(9, resumed=False), *heard(10)
    assert rules(*began, RoomLoaded(0.0, ROOM, 9), LOST, opened(), asked(10)) == []
    assert rules(*began, LOST, opened(), asked(None)) == []
    assert rules(*began, LOST, opened(), asked(10)) == ["position-held"]


@pytest.mark.parametrize("end", [SubscriptionEnded(0.0, ROOM, "removed"), opened("another")])
def test_out_of_the_room_or_in_another_log_it_has_nothing(end: Entry) -> None:
    began = asked(0), *heard(1), subscribed(1)
    assert rules(*began, end, asked(0)) == []
    assert rules(*began, end, asked(1)) == ["position-held"]

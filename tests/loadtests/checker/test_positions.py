"""The checker finds a client that resumes from a position that it has not reached."""

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


def connected(epoch: str = "e") -> Connected:
    return Connected(0.0, 1, "c", "r", epoch)


def subscribe(position: int | None) -> SubscribeSent:
    return SubscribeSent(0.0, ROOM, position)


def subscribed(seq: int, *, resumed: bool = True) -> Subscribed:
    return Subscribed(0.0, ROOM, seq, resumed, ())


def received(*seqs: int) -> list[Entry]:
    return [EventReceived(0.0, ROOM, seq, "message.created", None) for seq in seqs]


def rules(*entries: Entry) -> list[str]:
    return [violation.rule for violation in check(History("bob", [connected(), *entries]))]


def test_it_may_resume_at_its_position() -> None:
    first = subscribe(0), *received(1, 2), subscribed(2), *received(3)
    assert (
        rules(
            *first, LOST, connected(), subscribe(3), *received(4), LOST, connected(), subscribe(4)
        )
        == []
    )


def test_it_may_resume_earlier_and_receive_events_again() -> None:
    assert (
        rules(subscribe(None), subscribed(5), *received(6, 7), LOST, connected(), subscribe(5))
        == []
    )


def test_resuming_later_than_its_position_is_a_gap() -> None:
    first = subscribe(0), *received(1), subscribed(1), LOST, connected()
    assert rules(*first, subscribe(2)) == ["position-held"]


def test_an_event_after_a_gap_does_not_move_the_position() -> None:
    assert rules(subscribe(0), subscribed(0), *received(2), LOST, connected(), subscribe(2)) == [
        "position-held"
    ]


def test_a_load_counts_once_it_is_done_with_the_live_events_since() -> None:
    first = subscribe(0), subscribed(9, resumed=False), *received(10)
    assert rules(*first, RoomLoaded(0.0, ROOM, 9), LOST, connected(), subscribe(10)) == []
    assert rules(*first, LOST, connected(), subscribe(None)) == []
    assert rules(*first, LOST, connected(), subscribe(10)) == ["position-held"]


@pytest.mark.parametrize("end", [SubscriptionEnded(0.0, ROOM, "removed"), connected("another")])
def test_after_a_removal_or_in_another_log_it_has_nothing(end: Entry) -> None:
    first = subscribe(0), *received(1), subscribed(1)
    assert rules(*first, end, subscribe(0)) == []
    assert rules(*first, end, subscribe(1)) == ["position-held"]

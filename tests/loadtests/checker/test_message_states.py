"""The checker finds old text that is sent again, and allows text that was in flight.

Message 101 is created at seq 1. It is edited at seq 2, which is known at 10 seconds, and deleted at
seq 3, which is known at 20 seconds.
"""

from collections.abc import Callable

import pytest

from loadtests.lib.checker import Log, received
from loadtests.lib.checker.log import LoggedEvent, LoggedMessage
from loadtests.lib.checker.message_states import check
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    Entry,
    EventReceived,
    Frame,
    History,
    RoomLoaded,
    Subscribed,
    SubscribeSent,
)
from tests.support.model_server import ROOM

Ask = Callable[[float, Frame], list[Entry]]

EDIT = {"type": "message.edit", "message": 101}
DELETE = {"type": "message.delete", "message": 101}
SEND = {"type": "message.send", "nonce": "n"}


def state(rev: int, body: str | None = None) -> Frame:
    bodies = {1: "old", 2: "edited", 3: ""}
    message = {"id": 101, "room": ROOM, "seq": 1, "rev": rev, "html": None}
    return message | {"body": bodies[rev] if body is None else body}


def make_log() -> Log:
    log = Log()
    types = ("message.created", "message.edited", "message.deleted")
    log.rooms[ROOM] = [LoggedEvent(seq, type, 101) for seq, type in enumerate(types, start=1)]
    log.messages[101] = LoggedMessage(101, ROOM, 1, 1, 1, "n", "", True, 3, None)
    return log


ALICE: list[Entry] = [
    CommandAnswered(10.0, 1, EDIT, None, state(2)),
    CommandAnswered(20.0, 2, DELETE, None, None),
]


def rules(*entries: Entry) -> list[str]:
    histories = [History("alice", ALICE), History("bob", [*entries])]
    return [violation.rule for violation in check(histories, make_log())]


def live(at: float, seq: int, message: Frame) -> list[Entry]:
    return [
        SubscribeSent(1.0, ROOM, None),
        Subscribed(1.0, ROOM, 0, True, ()),
        EventReceived(at, ROOM, seq, "message.created", message),
    ]


def replayed(requested_at: float, message: Frame) -> list[Entry]:
    return [
        SubscribeSent(requested_at, ROOM, 0),
        EventReceived(requested_at + 1, ROOM, 1, "message.created", message),
        Subscribed(requested_at + 1, ROOM, 3, True, ()),
    ]


def loaded(subscribed_at: float, message: Frame) -> list[Entry]:
    return [
        SubscribeSent(subscribed_at, ROOM, 0),
        Subscribed(subscribed_at, ROOM, 3, False, ()),
        RoomLoaded(subscribed_at + 1, ROOM, 3, (message,)),
    ]


def answered(sent_at: float, message: Frame) -> list[Entry]:
    return [CommandSent(sent_at, 5, SEND), CommandAnswered(sent_at + 1, 5, SEND, None, message)]


asking = pytest.mark.parametrize("ask", [replayed, loaded, answered])


@asking
def test_a_later_request_gets_the_current_text(ask: Ask) -> None:
    assert rules(*ask(12.0, state(2))) == []
    assert rules(*ask(22.0, state(3))) == []


@asking
def test_old_text_in_the_answer_to_a_later_request_is_a_leak(ask: Ask) -> None:
    assert rules(*ask(12.0, state(1))) == ["old-text"]
    assert "old-text" in rules(*ask(22.0, state(2)))


@asking
def test_the_answer_to_an_earlier_request_may_be_old(ask: Ask) -> None:
    assert rules(*ask(9.5, state(1))) == []
    assert rules(*ask(19.5, state(2))) == []


def test_a_live_event_may_come_late() -> None:
    assert rules(*live(25.0, 1, state(1))) == []


def test_an_event_carries_a_message_at_least_as_new_as_itself() -> None:
    assert rules(*live(12.0, 2, state(1))) == ["event-current"]


def test_a_deleted_message_has_no_text() -> None:
    assert rules(*live(21.0, 3, state(3, "old"))) == ["deleted-is-gone"]
    assert rules(*live(21.0, 3, state(3) | {"html": "<b>old</b>"})) == ["deleted-is-gone"]


def test_a_current_message_has_the_text_of_the_log() -> None:
    log = make_log()
    log.messages[101] = LoggedMessage(101, ROOM, 1, 1, 1, "n", "edited", False, 2, None)
    history = History("bob", live(12.0, 2, state(2, "another")))
    assert [violation.rule for violation in check([history], log)] == ["text-logged"]


def test_a_state_that_one_client_has_seen_is_seen_by_later_requests_of_others() -> None:
    seen = History("alice", live(5.0, 2, state(2)))
    bob = History("bob", replayed(6.0, state(1)))
    assert [violation.rule for violation in check([seen, bob], make_log())] == ["old-text"]


def test_a_load_has_every_message_up_to_its_seq() -> None:
    log = make_log()
    log.messages[102] = LoggedMessage(102, ROOM, 4, 2, 1, "m", "more", False, 4, None)
    complete = RoomLoaded(1.0, ROOM, 3, (state(3),))
    assert received.check(History("bob", [complete]), log) == []
    [violation] = received.check(History("bob", [RoomLoaded(1.0, ROOM, 4, (state(3),))]), log)
    assert (violation.rule, violation.detail) == (
        "load-complete",
        "message 102 (seq 4) is missing in the load",
    )

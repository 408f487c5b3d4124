"""The checker finds every kind of violation, and finds none in correct histories."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib import checker
from loadtests.lib.checker import Log, OrderChecker, check, format_violations
from loadtests.lib.checker.log import LoggedEvent
from loadtests.lib.checker.violation import CATEGORIES
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    Disconnected,
    Entry,
    EventReceived,
    History,
    RoomLoaded,
    Subscribed,
    SubscribeSent,
    SubscriptionEnded,
)
from tests.support.model_server import ROOM, ModelClient, ModelServer

CHECKER = Path(checker.__file__).parent
Corrupt = Callable[[list[History], Log], None]


def talk() -> tuple[list[History], Log]:
    """Return the histories of two users and the log. One of the users has two connections."""
    server = ModelServer()
    alice, bob = ModelClient(server, 1), ModelClient(server, 2)
    for tab in (alice, bob):
        tab.connect()
        tab.run_effects(tab.protocol.subscribe(ROOM))
    for number in range(3):
        _send(alice, f"a{number}")
        _send(bob, f"b{number}")
    alice.catch_up()
    bob.catch_up()
    bob.drop_connection()
    server.edit(101, "edited")
    server.delete(102)
    bob.connect()
    alice.catch_up()
    return [alice.protocol.finish(), bob.protocol.finish()], server.log()


def _send(tab: ModelClient, nonce: str) -> None:
    command = {"type": "message.send", "room": ROOM, "nonce": nonce, "body": f"body of {nonce}"}
    tab.run_effects(tab.protocol.command(command)[1])


def test_correct_histories_have_no_violations() -> None:
    histories, log = talk()
    assert format_violations(check(histories, log)) == ""


def lose_a_saved_message(histories: list[History], log: Log) -> None:
    del log.messages[103]
    del log.rooms[ROOM][2]
    log.rooms[ROOM] = [
        LoggedEvent(seq, event.type, event.message)
        for seq, event in enumerate(log.rooms[ROOM], start=1)
    ]


def make_a_gap_in_the_log(histories: list[History], log: Log) -> None:
    del log.rooms[ROOM][4]


def use_a_number_twice(histories: list[History], log: Log) -> None:
    log.messages[104] = replace(log.messages[104], number=3)


def save_a_message_without_its_event(histories: list[History], log: Log) -> None:
    log.rooms[ROOM][2] = LoggedEvent(3, "room.renamed", None)


def save_a_nonce_twice(histories: list[History], log: Log) -> None:
    log.messages[103] = replace(log.messages[103], nonce="a0")


def answer_a_nonce_with_two_messages(histories: list[History], log: Log) -> None:
    first, second = [one for one in histories[0].entries if isinstance(one, CommandAnswered)][:2]
    assert second.message
    assert first.message
    wrong = replace(second, message=second.message | {"nonce": first.message["nonce"]})
    _replace(histories[0], second, wrong)


def answer_with_another_seq(histories: list[History], log: Log) -> None:
    answer = next(one for one in histories[0].entries if isinstance(one, CommandAnswered))
    assert answer.message
    _replace(histories[0], answer, replace(answer, message=answer.message | {"seq": 3}))


def skip_an_event(histories: list[History], log: Log) -> None:
    histories[0].entries.remove(_received(histories[0], 2))


def skip_the_last_missed_event(histories: list[History], log: Log) -> None:
    histories[1].entries.remove(_received(histories[1], 8))


def deliver_an_event_twice(histories: list[History], log: Log) -> None:
    event = _received(histories[0], 2)
    histories[0].entries.insert(histories[0].entries.index(event), event)


def deliver_events_in_the_wrong_order(histories: list[History], log: Log) -> None:
    entries = histories[0].entries
    first, second = (
        entries.index(_received(histories[0], 2)),
        entries.index(_received(histories[0], 3)),
    )
    entries[first], entries[second] = entries[second], entries[first]


def deliver_an_event_without_a_subscription(histories: list[History], log: Log) -> None:
    histories[0].entries.append(SubscriptionEnded(0.0, ROOM, "removed"))
    histories[0].entries.append(_received(histories[0], 8))


def deliver_an_event_before_subscribed(histories: list[History], log: Log) -> None:
    histories[0].entries += [SubscribeSent(0.0, ROOM, None), _received(histories[0], 8)]


def deliver_an_event_after_unsubscribing(histories: list[History], log: Log) -> None:
    histories[0].entries += [*_unsubscribe(ref=90), _received(histories[0], 8)]


def replay_although_not_resumed(histories: list[History], log: Log) -> None:
    histories[1].entries = [
        replace(entry, resumed=False) if isinstance(entry, Subscribed) else entry
        for entry in histories[1].entries
    ]


def deliver_an_event_that_never_happened(histories: list[History], log: Log) -> None:
    histories[0].entries.append(EventReceived(0.0, ROOM, 9, "message.created", None))


def deliver_an_event_of_another_type(histories: list[History], log: Log) -> None:
    event = _received(histories[0], 8)
    _replace(histories[0], event, replace(event, type="message.edited"))


def lose_a_message_from_a_view(histories: list[History], log: Log) -> None:
    del histories[1].views[ROOM][0]


def show_a_message_twice(histories: list[History], log: Log) -> None:
    histories[1].views[ROOM].insert(1, dict(histories[1].views[ROOM][0]))


def show_messages_in_the_wrong_order(histories: list[History], log: Log) -> None:
    histories[1].views[ROOM].reverse()


def show_a_message_that_was_never_sent(histories: list[History], log: Log) -> None:
    shown = histories[1].views[ROOM]
    shown.append(shown[-1] | {"id": 999, "seq": 99})


def show_deleted_text(histories: list[History], log: Log) -> None:
    shown = histories[0].views[ROOM]
    shown[1] = shown[1] | {"body": "body of b0"}


def show_deleted_html(histories: list[History], log: Log) -> None:
    shown = histories[0].views[ROOM]
    shown[1] = shown[1] | {"html": "<b>of b0</b>"}


def show_old_text(histories: list[History], log: Log) -> None:
    shown = histories[0].views[ROOM]
    shown[0] = shown[0] | {"body": "body of a0"}


def show_an_older_state(histories: list[History], log: Log) -> None:
    shown = histories[0].views[ROOM]
    shown[0] = shown[0] | {"rev": 1}


@pytest.mark.parametrize(
    ("corrupt", "rule"),
    [
        (lose_a_saved_message, "ok-logged"),
        (make_a_gap_in_the_log, "log-contiguous"),
        (use_a_number_twice, "numbers-contiguous"),
        (save_a_message_without_its_event, "message-has-event"),
        (save_a_nonce_twice, "nonce-once"),
        (answer_a_nonce_with_two_messages, "nonce-once"),
        (answer_with_another_seq, "ok-logged"),
        (skip_an_event, "event-skipped"),
        (skip_the_last_missed_event, "replay-complete"),
        (deliver_an_event_twice, "event-once"),
        (deliver_events_in_the_wrong_order, "event-in-order"),
        (deliver_an_event_without_a_subscription, "asked-first"),
        (deliver_an_event_before_subscribed, "replay-none"),
        (deliver_an_event_after_unsubscribing, "asked-first"),
        (replay_although_not_resumed, "replay-none"),
        (deliver_an_event_that_never_happened, "event-logged"),
        (deliver_an_event_of_another_type, "event-logged"),
        (lose_a_message_from_a_view, "ok-shown-once"),
        (lose_a_message_from_a_view, "view-complete"),
        (show_a_message_twice, "view-once"),
        (show_a_message_twice, "ok-shown-once"),
        (show_messages_in_the_wrong_order, "view-in-order"),
        (show_a_message_that_was_never_sent, "view-logged"),
        (show_deleted_text, "deleted-is-gone"),
        (show_deleted_html, "deleted-is-gone"),
        (show_old_text, "view-current"),
        (show_an_older_state, "views-equal"),
    ],
)
def test_it_finds_every_corruption(corrupt: Corrupt, rule: str) -> None:
    histories, log = talk()
    corrupt(histories, log)
    assert rule in {violation.rule for violation in check(histories, log)}


def test_a_client_that_closed_early_need_not_show_later_messages() -> None:
    histories, log = talk()
    del histories[1].views[ROOM][-1]
    assert check(histories, log, left_early={"person-0002"}) == []


def test_a_view_that_starts_later_need_not_show_earlier_messages() -> None:
    histories, log = talk()
    histories[1].views[ROOM] = histories[1].views[ROOM][3:]
    histories[1].since[ROOM] = 3
    assert check(histories, log) == []


def test_a_loaded_room_is_live_from_the_seq_of_its_subscription() -> None:
    history, log = talk()[0][0], talk()[1]
    history.entries += [
        Disconnected(0.0, 1006),
        SubscribeSent(0.0, ROOM, 2),
        Subscribed(0.0, ROOM, 7, False, ()),
        _received(history, 8),
        RoomLoaded(0.0, ROOM, 8),
    ]
    assert check([history], log) == []


def test_events_may_come_until_unsubscribe_is_answered() -> None:
    histories, log = talk()
    alice, last = histories[0].entries, _received(histories[0], 8)
    alice.remove(last)
    sent, answered = _unsubscribe(ref=90)
    alice += [sent, last, answered]
    assert check(histories, log) == []


def test_a_room_opened_again_stays_open_when_its_unsubscribe_is_answered() -> None:
    histories, log = talk()
    sent, answered = _unsubscribe(ref=90)
    asked, subscribed = SubscribeSent(0.0, ROOM, 7), Subscribed(0.0, ROOM, 8, True, ())
    histories[0].entries += [sent, asked, answered]
    histories[0].entries += [_received(histories[0], 8), subscribed]
    assert check(histories, log) == []


def test_the_order_checker_reports_a_violation_at_once() -> None:
    order = OrderChecker("person-0001")
    assert order.check(SubscribeSent(0.0, ROOM, 3)) == []
    assert order.check(Subscribed(0.0, ROOM, 3, True, ())) == []
    assert order.check(EventReceived(0.0, ROOM, 4, "message.created", None)) == []
    [violation] = order.check(EventReceived(0.0, ROOM, 6, "message.created", None))
    assert (violation.rule, violation.client, violation.room) == (
        "event-skipped",
        "person-0001",
        ROOM,
    )


def test_a_skipped_event_is_lost_and_a_late_one_is_reordered() -> None:
    order = OrderChecker("person-0001")
    entries: list[Entry] = [SubscribeSent(0.0, ROOM, 3), Subscribed(0.0, ROOM, 3, True, ())]
    entries += [EventReceived(0.0, ROOM, seq, "message.created", None) for seq in (5, 4, 5, 6)]
    found = [violation.category for entry in entries for violation in order.check(entry)]
    assert found == ["lost", "reordered", "duplicated"]


def test_every_rule_has_a_category() -> None:
    """Strings with hyphens in the checker's sources are taken as names of rules."""
    texts = [
        path.read_text() for path in sorted(CHECKER.glob("*.py")) if path.name != "violation.py"
    ]
    rules = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', "\n".join(texts)))
    in_categories = [rule for named in CATEGORIES.values() for rule in named]
    assert rules == set(in_categories)
    assert len(in_categories) == len(set(in_categories))


def test_a_watched_history_need_not_keep_its_entries() -> None:
    server, order, violations = ModelServer(), OrderChecker("person-0001"), []

    def watch(entry: Entry) -> None:
        violations.extend(order.check(entry))

    tab = ModelClient(server, 1)
    tab.protocol.history.entries = deque(maxlen=2)
    tab.protocol.history.watch = watch
    tab.protocol.subscribe(ROOM)
    tab.connect()
    for number in range(5):
        _send(tab, f"n{number}")
    tab.catch_up()
    assert violations == []
    tab.receive(server.event(2))
    assert [violation.rule for violation in violations] == ["event-once"]
    assert len(tab.protocol.history.entries) == 2


Action = st.sampled_from(["send", "catch up", "drop", "connect", "edit", "delete"])


@given(st.lists(st.tuples(Action, st.integers(0, 2)), max_size=60), st.integers(0, 5))
def test_it_finds_nothing_however_the_connections_fail(
    steps: list[tuple[str, int]], replay_max: int
) -> None:
    server = ModelServer(replay_max)
    tabs = [ModelClient(server, user) for user in (1, 2, 3)]
    for tab in tabs:
        tab.protocol.subscribe(ROOM)
        tab.connect()
    for number, (step, client) in enumerate(steps):
        _perform(server, tabs[client], step, f"n{number}")
    for tab in [tab for tab in tabs if tab.last_sent is None]:
        tab.connect()
    for tab in tabs:
        tab.catch_up()
    assert format_violations(check([tab.protocol.finish() for tab in tabs], server.log())) == ""


def _perform(server: ModelServer, tab: ModelClient, step: str, name: str) -> None:
    last = max(server.messages, default=None)
    match step:
        case "send":
            _send(tab, name)
        case "catch up":
            tab.catch_up()
        case "drop" if tab.last_sent is not None:
            tab.drop_connection()
        case "connect" if tab.last_sent is None:
            tab.connect()
        case "edit" if last and not server.messages[last]["deleted_at"]:
            server.edit(last, name)
        case "delete" if last and not server.messages[last]["deleted_at"]:
            server.delete(last)


def _unsubscribe(ref: int) -> tuple[CommandSent, CommandAnswered]:
    command = {"type": "unsubscribe", "room": ROOM, "ref": ref}
    return CommandSent(0.0, ref, command), CommandAnswered(0.0, ref, command, None, None)


def _received(history: History, seq: int) -> EventReceived:
    """Return the first entry of an event in the history."""
    return next(one for one in history.entries if isinstance(one, EventReceived) and one.seq == seq)


def _replace(
    history: History, old: EventReceived | CommandAnswered, new: EventReceived | CommandAnswered
) -> None:
    history.entries[history.entries.index(old)] = new

"""What a fault test concludes: what was noticed of each fault, and the exit status."""

import json
from collections.abc import Sequence

import pytest

from loadtests.chaos.executor import Happened
from loadtests.chaos.fault_catalogue import KIND_BY_NAME, KINDS
from loadtests.chaos.outcome import Outcome, conclude
from loadtests.chaos.schedule import Entry
from loadtests.lib.checker import Log
from loadtests.lib.checker.recorded_run import Run
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    EventReceived,
    Frame,
    History,
    Subscribed,
)
from loadtests.lib.client.history import Entry as PresenceChanged
from tests.loadtests.checker.test_check import give_a_number_twice, lose_a_saved_message, talk

SPAN = (0.0, 100.0)


def happened(
    name: str, began: float, healed: float, victims: Sequence[str] = (), **told: str
) -> Happened:
    kind = KIND_BY_NAME[name]
    entry = Entry(began, kind, 0)
    evidence = {"evidence": "it was seen"} | told
    settled = healed + kind.settle_seconds
    return Happened(entry, began, healed, settled, **evidence, victims=set(victims))


def talks(
    *, heard: list[float], answered: list[float], took: float = 0.1, name: str = "alice"
) -> History:
    """Return what somebody saw who listens at `heard` and sends what is answered at `answered`."""
    history = History(name)
    for number, at in enumerate(heard):
        message = _message(number)
        history.entries += _sent(at - took, number)
        history.entries.append(EventReceived(at, 1, number + 1, "message.created", message))
    history.entries += [
        CommandAnswered(at, number, {"type": "message.send"}, None, None)
        for number, at in enumerate(answered)
    ]
    return history


def _message(number: int) -> Frame:
    seqs = {"id": number, "seq": number + 1, "number": number + 1, "rev": number + 1, "room": 1}
    texts = {"nonce": f"{number}", "body": "", "html": None, "deleted_at": None}
    return seqs | texts | {"sender": {"id": 1}}


def _sent(at: float, number: int) -> list[PresenceChanged]:
    return [CommandSent(at, number, {"type": "message.send", "nonce": f"{number}"})]


def outcome_of(
    *faults: Happened,
    histories: list[History],
    least: float = 0.0,
    trouble: str = "",
    alone: bool = False,
) -> Outcome:
    """Conclude from made-up histories: only what is noticed of them matters here."""
    run = Run(histories, Log(), listeners=[history.name for history in histories])
    return conclude(1, SPAN, faults, run, least, trouble, alone=alone)


def right_run(log_spoiled: bool = False) -> Run:
    histories, log = talk()
    if log_spoiled:
        lose_a_saved_message(histories, log)
    return Run(histories, log)


def test_a_right_run_has_status_0() -> None:
    outcome = conclude(1, SPAN, [happened("redis-killed", 10, 11)], right_run(), 0)
    assert (outcome.status, outcome.does_not_count, outcome.told) == (0, "", [])


def test_what_was_saved_of_a_run_says_the_same() -> None:
    faults = happened("redis-gone", 10, 11), happened("postgres-full", 30, 31, evidence="")
    outcome = conclude(1, SPAN, faults, right_run(True), 20, "alice is not back")
    again = Outcome.from_json(json.loads(json.dumps(outcome.as_json())))
    assert again.as_json() == outcome.as_json()
    assert (again.status, str(again.rows)) == (outcome.status, str(outcome.rows))
    assert again.summary.counts == outcome.summary.counts


def test_a_run_that_lost_a_message_has_status_1() -> None:
    outcome = conclude(1, SPAN, [happened("redis-killed", 10, 11)], right_run(True), 0)
    assert outcome.status == 1
    assert outcome.summary.faults["lost"] > 0
    assert any("is not in the log" in line for line in outcome.told)


def test_what_was_wrong_in_any_other_way_has_status_1() -> None:
    histories, log = talk()
    give_a_number_twice(histories, log)
    assert conclude(1, SPAN, [], Run(histories, log), 0).status == 1


def test_a_fault_that_nobody_saw_makes_the_run_not_count() -> None:
    unseen = happened("redis-killed", 10, 11, evidence="")
    outcome = conclude(1, SPAN, [unseen], right_run(), 0)
    assert outcome.status == 2
    assert outcome.does_not_count == "nobody saw these take effect: redis-killed"


def test_a_run_in_which_little_was_said_does_not_count() -> None:
    outcome = conclude(1, SPAN, [happened("redis-killed", 10, 11)], right_run(), 20)
    assert outcome.status == 2
    assert "messages a second were acknowledged outside outages; 20 are wanted" in (
        outcome.does_not_count
    )


def test_loss_goes_before_not_counting() -> None:
    unseen = happened("redis-killed", 10, 11, evidence="")
    assert conclude(1, SPAN, [unseen], right_run(True), 20).status == 1


@pytest.mark.parametrize(
    ("failure", "trouble"), [("replica does not answer", ""), ("", "alice is not back")]
)
def test_who_does_not_come_back_is_a_failure(failure: str, trouble: str) -> None:
    fault = happened("replica-killed", 10, 11, failure=failure)
    assert conclude(1, SPAN, [fault], right_run(), 0, trouble).status == 1


def test_the_longest_silence_of_anybody_is_told() -> None:
    often = [float(at) for at in range(100)]
    seldom = [at for at in often if not 10 < at < 13]
    histories = [
        talks(heard=often, answered=[], name="alice"),
        talks(heard=seldom, answered=[], name="bob"),
    ]
    (row,) = outcome_of(happened("replica-killed", 10, 11), histories=histories).rows
    assert row.silence == pytest.approx(3)
    assert row.kept


def test_a_silence_over_the_promise_is_told_and_loses_nothing() -> None:
    quiet = [talks(heard=[9, 16], answered=[])]
    (row,) = outcome_of(happened("replica-killed", 10, 12), histories=quiet).rows
    assert not row.kept
    assert "OVER ITS PROMISE" in str(row)


@pytest.mark.parametrize("name", [kind.name for kind in KINDS if kind.promise.silence is not None])
def test_every_promise_of_a_silence_can_be_broken(name: str) -> None:
    kind = KIND_BY_NAME[name]
    assert kind.promise.silence is not None
    fault = happened(name, 10, 10 + kind.seconds)
    late = [talks(heard=[9, 10.5, 10.6 + kind.promise.silence], answered=[])]
    (row,) = outcome_of(fault, histories=late).rows
    assert not row.kept
    (row,) = outcome_of(fault, histories=[talks(heard=[9, 10.5], answered=[])]).rows
    assert row.silence == pytest.approx(max(0.5, fault.settled - 10.5))


def test_a_silence_goes_on_into_no_outage() -> None:
    quiet = [talks(heard=[9, 14, 25], answered=[])]
    outage = happened("postgres-restarted", 16, 22)
    row, _ = outcome_of(happened("replica-killed", 10, 11), outage, histories=quiet).rows
    assert row.silence == pytest.approx(4)
    assert row.kept


def test_where_each_fault_is_alone_a_silence_goes_on_into_no_other() -> None:
    quiet = [talks(heard=[9, 14, 20], answered=[])]
    faults = happened("replica-killed", 10, 11), happened("replica-cut", 17, 21)
    assert outcome_of(*faults, histories=quiet).rows[0].silence == pytest.approx(6)
    assert outcome_of(*faults, histories=quiet, alone=True).rows[0].silence == pytest.approx(4)


@pytest.mark.parametrize("name", [kind.name for kind in KINDS if kind.promise.silence is not None])
def test_alone_every_promise_of_a_silence_can_be_broken(name: str) -> None:
    kind = KIND_BY_NAME[name]
    fault = happened(name, 10, 10 + kind.seconds)
    after = happened("nginx-reloaded", 10 + kind.alone_seconds, 90)
    silent = [talks(heard=[9], answered=[])]
    silent[0].ended = SPAN[1]
    assert not outcome_of(fault, after, histories=silent, alone=True).rows[0].kept


def test_of_two_faults_of_servers_at_once_the_more_patient_promise_counts() -> None:
    quiet = [talks(heard=[9, 16, 19], answered=[])]
    faults = happened("replica-killed", 10, 12), happened("postgres-slow", 11, 15)
    assert all(row.kept for row in outcome_of(*faults, histories=quiet).rows)


def test_a_fault_of_clients_lengthens_no_promise_of_servers() -> None:
    quiet = [talks(heard=[9, 16, 19], answered=[])]
    faults = happened("replica-killed", 10, 12), happened("home-cut", 11, 15)
    killed, cut = outcome_of(*faults, histories=quiet).rows
    assert (killed.kept, cut.kept) == (False, True)


def test_whom_a_fault_of_clients_was_done_to_is_held_against_that_fault_alone() -> None:
    often = [float(at) for at in range(100)]
    histories = [
        talks(heard=[9, 20.5, 22, 24], answered=[], name="alice"),
        talks(heard=often, answered=[], name="bob"),
    ]
    faults = happened("replica-killed", 10, 12), happened("home-cut", 11, 15, victims=["alice"])
    killed, cut = outcome_of(*faults, histories=histories).rows
    assert killed.kept
    assert killed.silence == pytest.approx(1)
    assert cut.silence == pytest.approx(9.5)


def test_who_hears_nobody_but_those_is_left_out_with_them() -> None:
    histories = [
        talks(heard=[9, 20.5, 22, 24], answered=[], name="alice"),
        talks(heard=[9, 18, 22, 24], answered=[], name="bob"),
    ]
    for history in histories:
        history.entries.insert(0, Subscribed(0.0, 1, 0, True, ()))
    histories[0].entries.append(
        CommandSent(8.0, 1, {"type": "message.send", "room": 1, "nonce": "a"})
    )
    faults = happened("replica-killed", 10, 12), happened("home-cut", 11, 15, victims=["alice"])
    assert outcome_of(*faults, histories=histories).rows[0].silence == 0
    histories[1].entries.append(
        CommandSent(8.0, 1, {"type": "message.send", "room": 1, "nonce": "b"})
    )
    assert outcome_of(*faults, histories=histories).rows[0].silence == pytest.approx(8)


def test_what_they_receive_or_send_late_is_left_out_of_the_deliveries_of_others() -> None:
    heard = [20 + number / 10 for number in range(200)]
    deaf = talks(heard=heard, answered=[], took=9, name="alice")
    faults = happened("redis-gone", 5, 49), happened("half-open", 6, 45, victims=["alice"])
    alone, beside = faults[:1], faults
    assert outcome_of(*alone, histories=[deaf]).rows[0].delivery == pytest.approx(9)
    assert outcome_of(*beside, histories=[deaf]).rows[0].delivery is None


def test_a_delivery_may_be_as_late_as_a_more_patient_fault_beside_it_allows() -> None:
    late = [talks(heard=[5 + number / 10 for number in range(500)], answered=[], took=4)]
    gone, cut = happened("redis-gone", 5, 49), happened("replica-cut", 6, 48)
    assert not outcome_of(gone, histories=late).rows[0].kept
    row, _ = outcome_of(gone, cut, histories=late).rows
    assert row.delivery == pytest.approx(4)
    assert row.kept
    early = happened("replica-cut", 6, 10)
    assert not outcome_of(gone, early, histories=late).rows[0].kept


def test_the_first_answer_after_the_end_of_an_outage_is_told() -> None:
    spoken = [talks(heard=[], answered=[9, 14.5, 15])]
    (row,) = outcome_of(happened("postgres-restarted", 10, 12), histories=spoken).rows
    assert row.answered == pytest.approx(2.5)
    assert row.kept


def test_an_answer_that_never_comes_breaks_the_promise() -> None:
    spoken = [talks(heard=[], answered=[9])]
    (row,) = outcome_of(happened("postgres-restarted", 10, 12), histories=spoken).rows
    assert not row.kept


def test_the_slowest_hundredth_of_deliveries_is_left_out() -> None:
    heard = [20 + number / 10 for number in range(200)]
    histories = [talks(heard=heard, answered=[], took=0.5)]
    (row,) = outcome_of(happened("redis-gone", 19, 49), histories=histories).rows
    assert row.delivery == pytest.approx(0.5)


def test_what_is_said_in_outages_does_not_count_for_the_rate() -> None:
    steady = [number / 2 for number in range(200)]
    faults = happened("postgres-full", 0, 50), happened("nginx-restarted", 60, 65)
    outcome = outcome_of(*faults, histories=[talks(heard=[], answered=steady)])
    assert outcome.per_second == pytest.approx(2, rel=0.05)

"""The outcome of a fault test says what users noticed of each fault, and sets the exit status."""

import json
from collections.abc import Sequence

import pytest

from loadtests.chaos.executor import Execution
from loadtests.chaos.fault_catalogue import FAULT_KINDS, KIND_BY_NAME
from loadtests.chaos.outcome import Outcome, conclude
from loadtests.chaos.schedule import ScheduledFault
from loadtests.lib.checker import Log
from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    Entry,
    EventReceived,
    Frame,
    History,
    Subscribed,
)
from tests.loadtests.checker.test_check import lose_a_saved_message, talk, use_a_number_twice

SPAN = (0.0, 100.0)
WITH_SILENCE_LIMIT = [kind.name for kind in FAULT_KINDS if kind.limits.silence is not None]


def execution(
    name: str, started: float, healed: float, affected: Sequence[str] = (), **texts: str
) -> Execution:
    kind = KIND_BY_NAME[name]
    fault = ScheduledFault(started, kind, 0)
    texts = {"evidence": "it had an effect"} | texts
    settled = healed + kind.settle_seconds
    return Execution(fault, started, healed, settled, **texts, affected=set(affected))


def history_of(
    *, received: list[float], acked: list[float], took: float = 0.1, name: str = "alice"
) -> History:
    """Return the history of a client that receives and sends messages at the given times."""
    history = History(name)
    for number, at in enumerate(received):
        message = _message(number)
        history.entries += _sent(at - took, number)
        history.entries.append(EventReceived(at, 1, number + 1, "message.created", message))
    history.entries += [
        CommandAnswered(at, number, {"type": "message.send"}, None, None)
        for number, at in enumerate(acked)
    ]
    return history


def _message(number: int) -> Frame:
    seqs = {"id": number, "seq": number + 1, "number": number + 1, "rev": number + 1, "room": 1}
    texts = {"nonce": f"{number}", "body": "", "html": None, "deleted_at": None}
    return seqs | texts | {"sender": {"id": 1}}


def _sent(at: float, number: int) -> list[Entry]:
    return [CommandSent(at, number, {"type": "message.send", "nonce": f"{number}"})]


def outcome_of(
    *faults: Execution,
    histories: list[History],
    least: float = 0.0,
    trouble: str = "",
    alone: bool = False,
) -> Outcome:
    """Judge made-up histories without a log, because only what users notice matters here."""
    run = RecordedRun(histories, Log(), listeners=[history.name for history in histories])
    return conclude(1, SPAN, faults, run, least, trouble, alone=alone)


def sound_run(message_lost: bool = False) -> RecordedRun:
    histories, log = talk()
    if message_lost:
        lose_a_saved_message(histories, log)
    return RecordedRun(histories, log)


def test_a_sound_run_has_status_0() -> None:
    outcome = conclude(1, SPAN, [execution("redis-killed", 10, 11)], sound_run(), 0)
    assert (outcome.status, outcome.inconclusive, outcome.violations) == (0, "", [])


def test_a_saved_outcome_is_read_back_unchanged() -> None:
    disk_full = execution("postgres-disk-full", 30.0, 31.0, evidence="")
    faults = execution("redis-down", 10.0, 11.0), disk_full
    outcome = conclude(1, SPAN, faults, sound_run(True), 20, "alice has not recovered")
    again = Outcome.from_json(json.loads(json.dumps(outcome.as_json())))
    assert again.as_json() == outcome.as_json()
    assert (again.status, str(again.rows)) == (outcome.status, str(outcome.rows))
    assert str(again.summary) == str(outcome.summary)


def test_a_run_that_lost_a_message_has_status_1() -> None:
    outcome = conclude(1, SPAN, [execution("redis-killed", 10, 11)], sound_run(True), 0)
    assert outcome.status == 1
    assert outcome.summary.violations["lost"] > 0
    assert any("is not in the log" in line for line in outcome.violations)


def test_a_run_with_any_other_violation_has_status_1() -> None:
    histories, log = talk()
    use_a_number_twice(histories, log)
    assert conclude(1, SPAN, [], RecordedRun(histories, log), 0).status == 1


def test_a_fault_without_evidence_makes_the_run_inconclusive() -> None:
    without_evidence = execution("redis-killed", 10, 11, evidence="")
    outcome = conclude(1, SPAN, [without_evidence], sound_run(), 0)
    assert outcome.status == 2
    assert outcome.inconclusive == "these faults had no visible effect: redis-killed"


def test_a_run_with_few_messages_is_inconclusive() -> None:
    outcome = conclude(1, SPAN, [execution("redis-killed", 10, 11)], sound_run(), 20)
    assert outcome.status == 2
    assert "messages a second were acknowledged outside outages; at least 20 are needed" in (
        outcome.inconclusive
    )


def test_loss_outweighs_an_inconclusive_run() -> None:
    without_evidence = execution("redis-killed", 10, 11, evidence="")
    assert conclude(1, SPAN, [without_evidence], sound_run(True), 20).status == 1


@pytest.mark.parametrize(
    ("error", "trouble"), [("replica does not answer", ""), ("", "alice has not recovered")]
)
def test_a_server_or_client_that_does_not_recover_is_a_failure(error: str, trouble: str) -> None:
    fault = execution("replica-killed", 10, 11, error=error)
    assert conclude(1, SPAN, [fault], sound_run(), 0, trouble).status == 1


def test_the_longest_silence_of_any_listener_is_reported() -> None:
    steady = [float(at) for at in range(100)]
    interrupted = [at for at in steady if not 10 < at < 13]
    histories = [
        history_of(received=steady, acked=[], name="alice"),
        history_of(received=interrupted, acked=[], name="bob"),
    ]
    (row,) = outcome_of(execution("replica-killed", 10, 11), histories=histories).rows
    assert row.silence == pytest.approx(3)
    assert row.within_limits


def test_a_silence_over_the_limit_is_reported() -> None:
    quiet = [history_of(received=[9, 16], acked=[])]
    (row,) = outcome_of(execution("replica-killed", 10, 12), histories=quiet).rows
    assert not row.within_limits
    assert "OVER ITS LIMIT" in str(row)


@pytest.mark.parametrize("name", WITH_SILENCE_LIMIT)
def test_every_limit_of_a_silence_can_be_exceeded(name: str) -> None:
    kind = KIND_BY_NAME[name]
    assert kind.limits.silence is not None
    fault = execution(name, 10, 10 + kind.seconds)
    late = [history_of(received=[9, 10.5, 10.6 + kind.limits.silence], acked=[])]
    (row,) = outcome_of(fault, histories=late).rows
    assert not row.within_limits
    (row,) = outcome_of(fault, histories=[history_of(received=[9, 10.5], acked=[])]).rows
    assert row.silence == pytest.approx(max(0.5, fault.settled - 10.5))


def test_a_silence_ends_where_an_outage_starts() -> None:
    quiet = [history_of(received=[9, 14, 25], acked=[])]
    outage = execution("postgres-restarted", 16, 22)
    row, _ = outcome_of(execution("replica-killed", 10, 11), outage, histories=quiet).rows
    assert row.silence == pytest.approx(4)
    assert row.within_limits


def test_with_one_fault_at_a_time_a_silence_ends_where_the_next_fault_starts() -> None:
    quiet = [history_of(received=[9, 14, 20], acked=[])]
    faults = execution("replica-killed", 10, 11), execution("replica-cut", 17, 21)
    assert outcome_of(*faults, histories=quiet).rows[0].silence == pytest.approx(6)
    assert outcome_of(*faults, histories=quiet, alone=True).rows[0].silence == pytest.approx(4)


@pytest.mark.parametrize("name", WITH_SILENCE_LIMIT)
def test_with_one_fault_at_a_time_every_limit_of_a_silence_can_be_exceeded(name: str) -> None:
    kind = KIND_BY_NAME[name]
    fault = execution(name, 10, 10 + kind.seconds)
    after = execution("nginx-reloaded", 10 + kind.alone_seconds, 90)
    silent = [history_of(received=[9], acked=[])]
    silent[0].ended = SPAN[1]
    assert not outcome_of(fault, after, histories=silent, alone=True).rows[0].within_limits


def test_of_two_concurrent_server_faults_the_longer_limit_counts() -> None:
    quiet = [history_of(received=[9, 16, 19], acked=[])]
    faults = execution("replica-killed", 10, 12), execution("postgres-slow", 11, 15)
    assert all(row.within_limits for row in outcome_of(*faults, histories=quiet).rows)


def test_a_client_fault_extends_no_limit_of_a_server_fault() -> None:
    quiet = [history_of(received=[9, 16, 19], acked=[])]
    faults = execution("replica-killed", 10, 12), execution("clients-cut", 11, 15)
    killed, cut = outcome_of(*faults, histories=quiet).rows
    assert (killed.within_limits, cut.within_limits) == (False, True)


def test_clients_affected_by_a_client_fault_count_for_that_fault_only() -> None:
    steady = [float(at) for at in range(100)]
    histories = [
        history_of(received=[9, 20.5, 22, 24], acked=[], name="alice"),
        history_of(received=steady, acked=[], name="bob"),
    ]
    faults = (
        execution("replica-killed", 10, 12),
        execution("clients-cut", 11, 15, affected=["alice"]),
    )
    killed, cut = outcome_of(*faults, histories=histories).rows
    assert killed.within_limits
    assert killed.silence == pytest.approx(1)
    assert cut.silence == pytest.approx(9.5)


def test_clients_that_receive_only_from_affected_clients_are_left_out_with_them() -> None:
    histories = [
        history_of(received=[9, 20.5, 22, 24], acked=[], name="alice"),
        history_of(received=[9, 18, 22, 24], acked=[], name="bob"),
    ]
    for history in histories:
        history.entries.insert(0, Subscribed(0.0, 1, 0, True, ()))
    histories[0].entries.append(
        CommandSent(8.0, 1, {"type": "message.send", "room": 1, "nonce": "a"})
    )
    faults = (
        execution("replica-killed", 10, 12),
        execution("clients-cut", 11, 15, affected=["alice"]),
    )
    assert outcome_of(*faults, histories=histories).rows[0].silence == 0
    histories[1].entries.append(
        CommandSent(8.0, 1, {"type": "message.send", "room": 1, "nonce": "b"})
    )
    assert outcome_of(*faults, histories=histories).rows[0].silence == pytest.approx(8)


def test_deliveries_from_or_to_affected_clients_do_not_count_for_other_faults() -> None:
    received = [20 + number / 10 for number in range(200)]
    slow = history_of(received=received, acked=[], took=9, name="alice")
    faults = (
        execution("redis-down", 5, 49),
        execution("clients-half-open", 6, 45, affected=["alice"]),
    )
    alone, concurrent = faults[:1], faults
    assert outcome_of(*alone, histories=[slow]).rows[0].delivery == pytest.approx(9)
    assert outcome_of(*concurrent, histories=[slow]).rows[0].delivery is None


def test_a_delivery_may_be_as_late_as_the_longer_limit_of_a_concurrent_fault() -> None:
    late = [history_of(received=[5 + number / 10 for number in range(500)], acked=[], took=4)]
    down, cut = execution("redis-down", 5, 49), execution("replica-cut", 6, 48)
    assert not outcome_of(down, histories=late).rows[0].within_limits
    row, _ = outcome_of(down, cut, histories=late).rows
    assert row.delivery == pytest.approx(4)
    assert row.within_limits
    early = execution("replica-cut", 6, 10)
    assert not outcome_of(down, early, histories=late).rows[0].within_limits


def test_the_time_to_the_first_answer_after_an_outage_is_reported() -> None:
    sender = [history_of(received=[], acked=[9, 14.5, 15])]
    (row,) = outcome_of(execution("postgres-restarted", 10, 12), histories=sender).rows
    assert row.recovery == pytest.approx(2.5)
    assert row.within_limits


def test_an_answer_that_never_comes_exceeds_the_limit() -> None:
    sender = [history_of(received=[], acked=[9])]
    (row,) = outcome_of(execution("postgres-restarted", 10, 12), histories=sender).rows
    assert not row.within_limits


def test_the_slowest_hundredth_of_deliveries_is_left_out() -> None:
    received = [20 + number / 10 for number in range(200)]
    histories = [history_of(received=received, acked=[], took=0.5)]
    (row,) = outcome_of(execution("redis-down", 19, 49), histories=histories).rows
    assert row.delivery == pytest.approx(0.5)


def test_messages_during_outages_do_not_count_for_the_rate() -> None:
    steady = [number / 2 for number in range(200)]
    faults = execution("postgres-disk-full", 0, 50), execution("nginx-restarted", 60, 65)
    outcome = outcome_of(*faults, histories=[history_of(received=[], acked=steady)])
    assert outcome.per_second == pytest.approx(2, rel=0.05)

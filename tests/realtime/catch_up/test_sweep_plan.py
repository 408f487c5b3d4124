"""What a sweep compares, reads at once, or reads only if the bus does not deliver it."""

from hubbub.chat.log_entries import WORKSPACE_LOG
from hubbub.chat.log_positions import LogPositions
from hubbub.realtime.catch_up.restored_database import find_rewound_log
from hubbub.realtime.catch_up.sweep_plan import SweepPlan, log_ends, plan_reads, plan_sweep
from hubbub.realtime.delivery.followed_log import FollowedLog
from hubbub.realtime.delivery.replay_buffer import ReplayBuffer
from hubbub.realtime.delivery.resequencer import Resequencer


def log_at(log_id: int, seq: int | None) -> FollowedLog:
    log = FollowedLog(log_id, Resequencer(ReplayBuffer(10)), lambda log: None)
    if seq is not None:
        log.resequencer.start(seq)
    return log


workspace, quiet, busy, not_started = (
    log_at(WORKSPACE_LOG, 5),
    log_at(1, 7),
    log_at(2, 9),
    log_at(3, None),
)
LOGS = [workspace, quiet, busy, not_started]


def full_sweep(*, read_all: bool = False) -> SweepPlan:
    return plan_sweep(LOGS, {quiet}, {1, 4}, is_full=True, read_all=read_all)


def test_a_full_sweep_compares_all_logs_and_covers_rooms_that_are_not_open() -> None:
    plan = full_sweep()
    assert plan.seqs == {workspace: 5, quiet: 7, busy: 9, not_started: None}
    assert plan.room_ids == {1, 2, 3, 4}


def test_other_sweeps_compare_only_unreliable_logs() -> None:
    plan = plan_sweep(LOGS, {quiet}, {1, 4}, is_full=False, read_all=False)
    assert plan.seqs == {quiet: 7}
    assert plan.room_ids == {1}


def test_the_ends_include_the_workspace_log() -> None:
    assert log_ends(LogPositions("epoch", 5, {1: (7, 3)})) == {WORKSPACE_LOG: 5, 1: 7}


def test_unreliable_logs_are_read_now_and_others_after_the_grace_time() -> None:
    reads = plan_reads(full_sweep(), {WORKSPACE_LOG: 5, 1: 8, 2: 12, 3: 4}, {quiet})
    assert reads.now == {quiet: 8}
    assert reads.after_grace == {busy: 12}


def test_everything_is_read_now_when_it_is_requested() -> None:
    reads = plan_reads(full_sweep(read_all=True), {WORKSPACE_LOG: 6, 1: 7, 2: 12}, set())
    assert reads.now == {workspace: 6, busy: 12}
    assert reads.after_grace == {}


def test_a_log_that_ends_before_what_was_delivered_went_back() -> None:
    plan = full_sweep()
    assert find_rewound_log(plan, {WORKSPACE_LOG: 5, 1: 7, 2: 9, 3: 0}) is None
    assert find_rewound_log(plan, {WORKSPACE_LOG: 5, 1: 6, 2: 9}) is quiet
    assert find_rewound_log(plan, {WORKSPACE_LOG: 5, 1: 7}) is busy

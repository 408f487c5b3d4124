"""All users of a load together send at the requested rate, and no identity is used twice."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.simulation.user_kinds import USER_KINDS, sends_per_second
from loadtests.load.message_stamp import read_stamp, stamp
from loadtests.load.plan import LoadPlan, identities_needed
from loadtests.load.user_pool import NoIdentityLeftError, UserPool


def make_plan(identities: Sequence[str]) -> LoadPlan:
    return LoadPlan("run", "http://127.0.0.1:1", "hot", len(identities), 1, 10, list(identities))


@given(st.floats(0.1, 5_000), st.integers(1, 100))
def test_all_users_together_send_the_rate(rate: float, hundreds: int) -> None:
    users = hundreds * 100
    sent = sum(kind.share * hundreds * sends_per_second(kind, rate, users) for kind in USER_KINDS)
    assert sent == pytest.approx(rate)


def test_the_shares_of_all_kinds_add_up_to_a_hundred() -> None:
    assert sum(kind.share for kind in USER_KINDS) == 100


@given(st.integers(0, 60), st.integers(1, 7))
def test_workers_share_the_identities_and_use_each_once(count: int, workers: int) -> None:
    plan = make_plan([f"Cookie: sessionid={number}" for number in range(count)])
    used = []
    for worker in range(workers):
        pool = UserPool(plan, worker, workers)
        used += [pool.acquire().number for _ in range(len(range(worker, count, workers)))]
        with pytest.raises(NoIdentityLeftError):
            pool.acquire()
    assert sorted(used) == list(range(count))


@given(st.integers(1, 60), st.integers(1, 7))
def test_no_worker_runs_out_of_identities_for_its_part_of_the_users(
    users: int, workers: int
) -> None:
    lines = [f"Cookie: sessionid={number}" for number in range(identities_needed(users, workers))]
    assert len(lines) < users + workers
    for worker in range(workers):
        pool = UserPool(make_plan(lines), worker, workers)
        for _ in range(-(-users // workers)):
            pool.acquire()  # raises an error if no identity is free


def test_a_released_identity_can_be_acquired_again() -> None:
    pool = UserPool(make_plan(["Cookie: sessionid=1"]))
    pool.release(pool.acquire())
    assert pool.acquire().number == 0


def test_a_token_is_for_bots_and_a_bot_without_one_gets_a_session() -> None:
    lines = ["Authorization: Bearer x", "Cookie: sessionid=1", "Account: bob pw"]
    pool = UserPool(make_plan(lines))
    assert [pool.acquire(bot=True).number for _ in range(2)] == [0, 1]
    assert pool.acquire().line == "Account: bob pw"


@given(st.text(), st.floats(0, 4e9))
def test_a_stamp_says_when_a_message_of_this_run_was_sent(text: str, at: float) -> None:
    body = stamp(text, "run", at)
    assert read_stamp(body, "run") == pytest.approx(at, abs=1e-6)
    assert read_stamp(body, "other") is None
    assert read_stamp(f"(edited) {body}", "run") == read_stamp(body, "run")


@given(st.text())
def test_messages_of_others_have_no_stamp(text: str) -> None:
    assert read_stamp(text, "run") is None


def test_a_plan_survives_encoding_and_its_facts_have_no_identities() -> None:
    plan = make_plan(["Cookie: sessionid=1"])
    assert LoadPlan.from_json(plan.to_json()) == plan
    assert "identities" not in plan.facts()
    assert "sessionid" not in str(plan.facts())

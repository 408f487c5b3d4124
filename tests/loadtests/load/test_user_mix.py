"""The people of a load say together what was asked for, and nobody is played twice."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.load.message_stamp import marked, sent_at
from loadtests.load.plan import Plan, seats
from loadtests.load.user_pool import Crowd, NobodyLeftError
from loadtests.users.user_mix import HABITS, sends_per_second


def a_plan(people: Sequence[str]) -> Plan:
    return Plan("run", "http://127.0.0.1:1", "hot", len(people), 1, 10, list(people))


@given(st.floats(0.1, 5_000), st.integers(1, 100))
def test_a_whole_crowd_says_the_rate(rate: float, hundreds: int) -> None:
    users = hundreds * 100
    said = sum(habit.weight * hundreds * sends_per_second(habit, rate, users) for habit in HABITS)
    assert said == pytest.approx(rate)


def test_of_a_hundred_there_is_everybody() -> None:
    assert sum(habit.weight for habit in HABITS) == 100


@given(st.integers(0, 60), st.integers(1, 7))
def test_workers_share_the_people_and_nobody_plays_twice(count: int, workers: int) -> None:
    plan = a_plan([f"Cookie: sessionid={number}" for number in range(count)])
    played = []
    for worker in range(workers):
        crowd = Crowd(plan, worker, workers)
        played += [crowd.take().number for _ in range(len(range(worker, count, workers)))]
        with pytest.raises(NobodyLeftError):
            crowd.take()
    assert sorted(played) == list(range(count))


@given(st.integers(1, 60), st.integers(1, 7))
def test_no_worker_is_without_a_line_for_its_part_of_the_users(users: int, workers: int) -> None:
    lines = [f"Cookie: sessionid={number}" for number in range(seats(users, workers))]
    assert len(lines) < users + workers
    for worker in range(workers):
        crowd = Crowd(a_plan(lines), worker, workers)
        for _ in range(-(-users // workers)):
            crowd.take()  # raises where there is none


def test_who_goes_makes_room_for_another() -> None:
    crowd = Crowd(a_plan(["Cookie: sessionid=1"]))
    crowd.give_back(crowd.take())
    assert crowd.take().number == 0


def test_a_token_is_for_bots_and_a_bot_without_one_takes_a_session() -> None:
    crowd = Crowd(a_plan(["Authorization: Bearer x", "Cookie: sessionid=1", "Account: bob pw"]))
    assert [crowd.take(bot=True).number for _ in range(2)] == [0, 1]
    assert crowd.take().line == "Account: bob pw"


@given(st.text(), st.floats(0, 4e9))
def test_a_mark_says_when_a_message_of_this_run_was_sent(text: str, at: float) -> None:
    body = marked(text, "run", at)
    assert sent_at(body, "run") == pytest.approx(at, abs=1e-6)
    assert sent_at(body, "other") is None
    assert sent_at(f"(mended) {body}", "run") == sent_at(body, "run")


@given(st.text())
def test_what_other_people_write_has_no_mark(text: str) -> None:
    assert sent_at(text, "run") is None


def test_a_plan_survives_its_way_and_reports_name_nobody() -> None:
    plan = a_plan(["Cookie: sessionid=1"])
    assert Plan.from_json(plan.to_json()) == plan
    assert "people" not in plan.facts()
    assert "sessionid" not in str(plan.facts())

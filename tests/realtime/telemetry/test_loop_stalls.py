"""The longest stalls of the event loop are known for a minute and then forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.realtime.telemetry.loop_stalls import KEPT_SECONDS, LoopStalls

TURNS = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 5)), max_size=30)


@given(TURNS, st.floats(0, 100), st.integers(1, KEPT_SECONDS))
def test_the_longest_stall_of_the_last_seconds_is_known_and_no_older_one(
    turns: list[tuple[float, float]], pause: float, last: int
) -> None:
    loop_stalls, now, ended = LoopStalls(), 0.0, []
    for wait, stalled in turns:
        now += wait
        loop_stalls.record(now, stalled)
        ended.append((int(now), stalled))
    now += pause
    recent = [stalled for second, stalled in ended if second > int(now) - last]
    assert loop_stalls.longest(now, last) == max(recent, default=0.0)


def test_nothing_is_known_before_the_first_turn() -> None:
    assert not LoopStalls().has_records

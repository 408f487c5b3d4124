"""A caller that a rate limit refuses learns when to try again."""

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.chat.rate_limits import RateLimit, RateLimited


@given(burst=st.integers(2, 50), per_second=st.integers(1, 50), callers=st.integers(1, 200))
def test_callers_who_retry_at_the_promised_time_get_a_token(
    burst: int, per_second: int, callers: int
) -> None:
    now = 0.0
    limit = RateLimit(burst, per_second, clock=lambda: now)
    waiting = [(0.0, number) for number in range(callers)]
    tries = 0
    while waiting:
        now, number = heapq.heappop(waiting)
        tries += 1
        try:
            limit.take(1)
        except RateLimited as limited:
            heapq.heappush(waiting, (now + limited.retry_after, number))
    refused = max(0, callers - burst)
    # `retry_after` is rounded up to the millisecond.
    assert now <= refused / per_second + refused * 0.001 + 0.01
    if refused <= 20 * per_second:
        assert tries <= callers + 2 * refused


def test_tokens_promised_to_callers_who_never_retry_expire() -> None:
    now = 0.0
    limit = RateLimit(3, 10, clock=lambda: now)
    for _ in range(3):
        limit.take(1)
    assert [refused_for(limit) for _ in range(1_000)][-1] == pytest.approx(20, abs=1)
    limit.take(2)  # another user
    now = 0.2
    limit.take(1)
    limit.take(1)
    now = 30.0
    for _ in range(3):
        limit.take(1)
    assert refused_for(limit) == 0.1


def refused_for(limit: RateLimit) -> float:
    with pytest.raises(RateLimited) as refused:
        limit.take(1)
    return refused.value.retry_after

"""A visit of a soak says what went wrong; the time that it was given is no failure."""

import socket

import pytest

from loadtests.soak.accounts import Crowd, Person
from loadtests.soak.user_session import Visit


async def test_a_visit_to_a_place_that_does_not_answer_in_time_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtests.soak.user_session.ANSWER_SECONDS", 0.2)
    alice = Person("alice", "Cookie: sessionid=x", 1, (1, 2, 3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        visit = Visit(Crowd(address, [alice], [1, 2, 3], 4, ""), alice, 1.0)
        with pytest.raises(TimeoutError):
            await visit.last(60)

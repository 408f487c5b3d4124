"""A soak's visit reports what went wrong. Reaching the end of its time is not a failure."""

import socket

import pytest

from loadtests.lib.simulation.account import Account
from loadtests.soak.accounts import Population, User
from loadtests.soak.tally import Tally
from loadtests.soak.visit import Visit


async def test_a_visit_to_a_server_that_does_not_answer_in_time_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtests.soak.visit.ANSWER_SECONDS", 0.2)
    alice = User(Account("alice", 1, "Cookie: sessionid=x"), (1, 2, 3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        visit = Visit(Population(address, [alice], [1, 2, 3], 4, ""), alice, 1.0, Tally())
        with pytest.raises(TimeoutError):
            await visit.run(60)

"""What shows that a fault took effect: whose sockets ended, and which process they were of."""

import pytest

from loadtests.chaos.faults.fault import has_closed_since
from loadtests.chaos.faults.processes import process_of
from loadtests.lib.client.history import Connected, Disconnected, Entry, EventReceived, History


def opened(at: float, replica: str) -> Connected:
    return Connected(at, 1, "c", replica, "e")


def test_the_process_of_a_client_is_that_of_its_newest_socket() -> None:
    entries: list[Entry] = [
        opened(1, "host:41"),
        Disconnected(2, 1006),
        opened(3, "a:host:42"),
        Disconnected(4, 1006),
    ]
    assert process_of(History("alice", entries)) == 42


@pytest.mark.parametrize("entries", [[], [opened(1, "host")], [opened(1, "host:")]])
def test_a_client_without_one_is_of_none(entries: list[Connected]) -> None:
    assert process_of(History("alice", [*entries])) is None


@pytest.mark.parametrize(("since", "closed"), [(4.9, True), (5.0, True), (5.1, False)])
def test_only_a_socket_that_ended_since_then_counts(since: float, closed: bool) -> None:
    heard = EventReceived(6.0, 7, 1, "message.created", None)
    history = History("alice", [opened(1, "host:41"), Disconnected(5.0, 1006), heard])
    assert has_closed_since(history, since) is closed

"""Clients that lose their connection to the right process are evidence that a fault took effect."""

import pytest

from loadtests.chaos.faults.fault import has_disconnected_since
from loadtests.chaos.faults.processes import process_of
from loadtests.lib.client.history import Connected, Disconnected, Entry, EventReceived, History


def connected(at: float, replica: str) -> Connected:
    return Connected(at, 1, "c", replica, "e")


def test_the_process_of_a_client_is_that_of_its_newest_connection() -> None:
    entries: list[Entry] = [
        connected(1, "host:41"),
        Disconnected(2, 1006),
        connected(3, "a:host:42"),
        Disconnected(4, 1006),
    ]
    assert process_of(History("alice", entries)) == 42


@pytest.mark.parametrize("entries", [[], [connected(1, "host")], [connected(1, "host:")]])
def test_a_client_without_a_known_process_has_none(entries: list[Connected]) -> None:
    assert process_of(History("alice", [*entries])) is None


@pytest.mark.parametrize(("since", "expected"), [(4.9, True), (5.0, True), (5.1, False)])
def test_only_connections_that_ended_since_then_count(since: float, expected: bool) -> None:
    event = EventReceived(6.0, 7, 1, "message.created", None)
    history = History("alice", [connected(1, "host:41"), Disconnected(5.0, 1006), event])
    assert has_disconnected_since(history, since) is expected

"""A silence lasts until the next event, even if that event comes after the span in question."""

from loadtests.lib.checker.silence import longest_silence, silences
from loadtests.lib.client.history import Entry, EventReceived, History

ROOM = 7


def receives(*times: float, ended: float | None = None) -> History:
    entries: list[Entry] = [EventReceived(at, ROOM, 1, "message.created", None) for at in times]
    return History("alice", entries, ended=ended)


def test_a_silence_lasts_until_the_next_event_after_the_span() -> None:
    assert longest_silence(receives(1, 2, 12), start=0, end=5) == 10


def test_a_silence_without_a_next_event_lasts_until_the_client_closes() -> None:
    assert longest_silence(receives(1, ended=40), start=0, end=5) == 39


def test_the_silence_of_a_client_that_is_still_open_ends_with_the_span() -> None:
    assert longest_silence(receives(1), start=0, end=5) == 4


def test_the_time_before_the_span_does_not_count() -> None:
    assert list(silences(receives(1, 8, 9), start=6, end=9)) == [(6, 8), (8, 9), (9, 9)]


def test_a_silence_ends_with_the_next_outage() -> None:
    assert list(silences(receives(1, 30), start=0, end=5, outage=7)) == [(0, 1), (1, 7)]
    assert list(silences(receives(1, 30), start=0, end=5, outage=5)) == [(0, 1), (1, 5)]

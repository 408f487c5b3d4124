"""For how long a client heard nothing: a silence is as long as it became, whenever one looks."""

from loadtests.lib.checker.silence import longest_silence, silences
from loadtests.lib.client.history import Entry, EventReceived, History

ROOM = 7


def hears(*times: float, ended: float | None = None) -> History:
    heard: list[Entry] = [EventReceived(at, ROOM, 1, "message.created", None) for at in times]
    return History("alice", heard, ended=ended)


def test_a_silence_goes_on_to_the_next_event_whenever_one_stops_looking() -> None:
    assert longest_silence(hears(1, 2, 12), began=0, ended=5) == 10


def test_one_that_nothing_ends_lasts_as_long_as_the_client() -> None:
    assert longest_silence(hears(1, ended=40), began=0, ended=5) == 39


def test_of_a_client_that_is_still_there_it_is_counted_up_to_now() -> None:
    assert longest_silence(hears(1), began=0, ended=5) == 4


def test_what_was_before_does_not_count() -> None:
    assert list(silences(hears(1, 8, 9), began=6, ended=9)) == [(6, 8), (8, 9), (9, 9)]


def test_it_counts_no_further_than_to_the_next_outage() -> None:
    assert list(silences(hears(1, 30), began=0, ended=5, outage=7)) == [(0, 1), (1, 7)]
    assert list(silences(hears(1, 30), began=0, ended=5, outage=5)) == [(0, 1), (1, 5)]

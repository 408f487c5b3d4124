"""Recorded files become one traffic with small numbers; what is no recording gets a sentence."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loadtests.lib import exit_codes
from loadtests.lib.checker import Log
from loadtests.lib.client import Client
from loadtests.lib.client.history import EventReceived, Subscribed, SubscribeSent, SubscriptionEnded
from loadtests.lib.client.subscription import Start, Subscription
from loadtests.lib.servers.process import ROOT
from loadtests.replay.environment import UnfitError, elsewhere
from loadtests.replay.player import body_of
from loadtests.replay.results import Book
from loadtests.replay.traffic import Traffic, UnreadableError, lines_of, read
from loadtests.replay.verdict import lines, status

FIRST = [
    [10, "connect", 1, "a", ["x", "y"]],
    [20, "subscribe", 1, "x", None, True],
    [40, "send", 1, "x", 12, False],
    [90, "disconnect", 1, 1006],
]
SECOND = [[5, "connect", 1, "b", ["x"]], [6, "typing", 1, "x"], [7, "edit", 1, 3], [8, "delete", 1]]


def write(folder: Path, name: str, began_ms: int, acts: list[Any], recording: str = "r") -> Path:
    head = {"hubbub": "recording", "version": 1, "recording": recording, "began_ms": began_ms}
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *acts]))
    return path


def joined(folder: Path) -> Traffic:
    return read([write(folder, "1", 1_000, FIRST), write(folder, "2", 1_020, SECOND)])


def test_files_of_several_replicas_are_one_traffic_by_time(tmp_path: Path) -> None:
    traffic = joined(tmp_path)
    assert [(act.at, act.kind, act.socket, act.person) for act in traffic.acts] == [
        (0.0, "connect", 1, 0),
        (0.01, "subscribe", 1, 0),
        (0.015, "connect", 2, 1),
        (0.016, "typing", 2, 1),
        (0.017, "edit", 2, 1),
        (0.018, "delete", 2, 1),
        (0.03, "send", 1, 0),
        (0.08, "disconnect", 1, 0),
    ]
    assert traffic.members == {0: {0, 1}, 1: {0}}


def test_one_file_made_of_them_is_the_same_traffic_without_its_names(tmp_path: Path) -> None:
    traffic = joined(tmp_path)
    again = tmp_path / "joined"
    again.write_text("".join(f"{line}\n" for line in lines_of(traffic)))
    known = read([again])
    assert known.acts == traffic.acts
    assert known.members == traffic.members
    assert not {'"a"', '"b"', '"x"', '"y"'} & set(again.read_text().replace(",", " ").split())


def test_half_a_last_line_and_sockets_from_before_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "1", 0, [[1, "send", 9, "x", 3, False], *FIRST])
    path.write_text(path.read_text() + '[100, "send", 1,')
    assert len(read([path]).acts) == len(FIRST)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no recording"),
        ("nonsense\n", "is no recording"),
        ("[]\n", "is no recording"),
        ('{"hubbub": "recording", "version": 9, "recording": "r", "began_ms": 0}\n', "version 1"),
        ('{"hubbub": "recording", "version": 1, "recording": "r", "began_ms": 0}\n', "no socket"),
    ],
)
def test_what_is_no_recording_gets_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "file").write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "loadtests.replay", str(tmp_path / "file")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == exit_codes.NOT_RUN
    assert sentence in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_two_recordings_and_unknown_acts_are_refused(tmp_path: Path) -> None:
    monday = write(tmp_path, "1", 0, FIRST, "monday")
    tuesday = write(tmp_path, "2", 0, SECOND, "tuesday")
    with pytest.raises(UnreadableError, match="monday, tuesday"):
        read([monday, tuesday])
    with pytest.raises(UnreadableError, match="something else: sing"):
        read([write(tmp_path, "3", 0, [*SECOND, [9, "sing", 1]])])


@pytest.mark.parametrize("chars", [1, 2, 3, 4, 57, 58, 59, 60, 500, 8_000])
def test_a_body_has_as_many_characters_as_the_recorded_one_once_it_is_saved(chars: int) -> None:
    body = body_of(chars)
    assert len(body) == chars
    assert body == body.strip()


@pytest.mark.parametrize("host", ["staging.example.org", "ftp://here", "https://here/chat"])
def test_a_host_that_is_none_gets_a_sentence(tmp_path: Path, host: str) -> None:
    with pytest.raises(UnfitError, match="--host is"):
        elsewhere(joined(tmp_path), host, tmp_path / "sessions")


@pytest.mark.parametrize("host", ["https://staging.example.org/", "http://127.0.0.1:8000"])
def test_a_place_may_be_one_with_tls(tmp_path: Path, host: str) -> None:
    """It is asked for its people before the host is asked for anything."""
    with pytest.raises(UnfitError, match="cannot be read"):
        elsewhere(joined(tmp_path), host, tmp_path / "sessions")


def a_tab(book: Book) -> Client:
    """Return a client that has not come yet, watched, with a room open since its second event."""
    client = Client("alice", "Cookie: sessionid=x", [])
    client.history.watch = book.watching(client)
    client.protocol.subscriptions[7] = Subscription(7, Start.NOW)
    client.history.add(SubscribeSent, 7, None)
    client.history.add(Subscribed, 7, 2, True, None)
    return client


@pytest.mark.parametrize(
    ("seqs", "faults"),
    [
        ([3, 4], {}),
        ([3, 5], {"gap": 1}),
        ([3, 3], {"double": 1}),
        ([4, 3], {"gap": 1, "order": 1}),
    ],
)
def test_what_comes_out_of_order_is_a_fault_at_once(
    seqs: list[int], faults: dict[str, int]
) -> None:
    book = Book()
    client = a_tab(book)
    for seq in seqs:
        client.history.add(EventReceived, 7, seq, "member.joined", None)
    assert book.series.total().faults == faults
    assert (status(book) == exit_codes.FAILED) == bool(faults)


def test_who_has_not_heard_all_is_told_and_so_is_what_the_log_lacks() -> None:
    book = Book()
    client = a_tab(book)
    client.protocol.subscriptions[7].position = 2
    client.history.add(EventReceived, 7, 3, "member.joined", None)
    book.judge_end([client])
    assert [fault.rule for fault in book.faults] == ["heard-all"]
    message = {"id": 1, "room": 7, "rev": 3, "nonce": "n"}
    book.answered("SEND", {"type": "ok", "message": message}, 0.0)
    book.judge_log(Log())
    assert [fault.rule for fault in book.faults] == ["heard-all", "acknowledged-is-logged"]


def test_what_was_acknowledged_and_reached_nobody_is_missing_to_everybody() -> None:
    book = Book()
    client = a_tab(book)
    client.protocol.subscriptions[7].position = 2
    message = {"id": 1, "room": 7, "rev": 3, "nonce": "n"}
    book.answered("SEND", {"type": "ok", "message": message}, 0.0)
    book.judge_end([client])
    assert [fault.rule for fault in book.faults] == ["heard-all"]
    assert status(book) == exit_codes.FAILED


def test_who_is_put_out_of_a_room_or_not_let_in_is_a_failure() -> None:
    book = Book()
    client = a_tab(book)
    assert status(book) == exit_codes.PASSED
    client.history.add(SubscriptionEnded, 7, "forbidden")
    assert status(book) == exit_codes.FAILED


def test_a_fault_is_a_failure_and_a_late_player_says_that_it_was_the_limit(tmp_path: Path) -> None:
    book = Book()
    assert status(book) == exit_codes.PASSED
    book.late.add(0.4)
    assert status(book) == exit_codes.GENERATOR_LIMITED
    assert "The player was the limit" in "\n".join(lines(book, joined(tmp_path), 1))
    book.failed("SEND")
    assert status(book) == exit_codes.FAILED

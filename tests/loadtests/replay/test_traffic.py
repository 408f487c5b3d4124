"""Recorded files are joined, with small numbers as ids.

Files that are no recording give a clear error.
"""

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
from loadtests.lib.identities import TargetError
from loadtests.lib.servers.process import ROOT
from loadtests.replay.player import body_of
from loadtests.replay.results import ReplayResults
from loadtests.replay.target import remote_target
from loadtests.replay.traffic import Traffic, UnreadableError, lines_of, read
from loadtests.replay.verdict import exit_status, lines

FIRST = [
    [10, "connect", 1, "a", ["x", "y"]],
    [20, "subscribe", 1, "x", None, True],
    [40, "send", 1, "x", 12, False],
    [90, "disconnect", 1, 1006],
]
SECOND = [[5, "connect", 1, "b", ["x"]], [6, "typing", 1, "x"], [7, "edit", 1, 3], [8, "delete", 1]]


def write(folder: Path, name: str, began_ms: int, actions: list[Any], recording: str = "r") -> Path:
    head = {"hubbub": "recording", "version": 1, "recording": recording, "began_ms": began_ms}
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *actions]))
    return path


def joined(folder: Path) -> Traffic:
    return read([write(folder, "1", 1_000, FIRST), write(folder, "2", 1_020, SECOND)])


def test_files_of_several_replicas_are_one_traffic_by_time(tmp_path: Path) -> None:
    traffic = joined(tmp_path)
    assert [
        (action.at, action.kind, action.connection, action.user) for action in traffic.actions
    ] == [
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


def test_the_joined_file_has_the_same_traffic_without_its_names(tmp_path: Path) -> None:
    traffic = joined(tmp_path)
    again = tmp_path / "joined"
    again.write_text("".join(f"{line}\n" for line in lines_of(traffic)))
    known = read([again])
    assert known.actions == traffic.actions
    assert known.members == traffic.members
    assert not {'"a"', '"b"', '"x"', '"y"'} & set(again.read_text().replace(",", " ").split())


def test_only_its_owner_can_read_the_joined_file(tmp_path: Path) -> None:
    recording, out = write(tmp_path, "1", 1_000, FIRST), tmp_path / "joined"
    out.write_text("older and longer than the new text\n" * 100)
    out.chmod(0o644)
    command = [sys.executable, "-m", "loadtests.replay", str(recording), "--join", str(out)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert out.stat().st_mode & 0o077 == 0
    assert out.read_text() == "".join(f"{line}\n" for line in lines_of(read([recording])))


def test_an_incomplete_last_line_and_earlier_connections_are_ignored(tmp_path: Path) -> None:
    path = write(tmp_path, "1", 0, [[1, "send", 9, "x", 3, False], *FIRST])
    path.write_text(path.read_text() + '[100, "send", 1,')
    assert len(read([path]).actions) == len(FIRST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no readable recording"),
        ("nonsense\n", "is no readable recording"),
        ("[]\n", "is no readable recording"),
        ('{"hubbub": "recording", "version": 9, "recording": "r", "began_ms": 0}\n', "version 1"),
        (
            '{"hubbub": "recording", "version": 1, "recording": "r", "began_ms": 0}\n',
            "no connection",
        ),
    ],
)
def test_a_file_that_is_no_recording_gets_a_message(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "file").write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "loadtests.replay", str(tmp_path / "file")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == exit_codes.NOT_RUN
    assert message in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_two_recordings_and_unknown_actions_are_refused(tmp_path: Path) -> None:
    monday = write(tmp_path, "1", 0, FIRST, "monday")
    tuesday = write(tmp_path, "2", 0, SECOND, "tuesday")
    with pytest.raises(UnreadableError, match="monday, tuesday"):
        read([monday, tuesday])
    with pytest.raises(UnreadableError, match="unknown action: sing"):
        read([write(tmp_path, "3", 0, [*SECOND, [9, "sing", 1]])])


@pytest.mark.parametrize("chars", [1, 2, 3, 4, 57, 58, 59, 60, 500, 8_000])
def test_a_saved_body_has_as_many_characters_as_the_recorded_one(chars: int) -> None:
    body = body_of(chars)
    assert len(body) == chars
    assert body == body.strip()


@pytest.mark.parametrize("host", ["staging.example.org", "ftp://here", "https://here/chat"])
def test_an_invalid_host_gets_a_message(tmp_path: Path, host: str) -> None:
    with pytest.raises(TargetError, match="--host is"):
        remote_target(joined(tmp_path), host, tmp_path / "sessions")


@pytest.mark.parametrize("host", ["https://staging.example.org/", "http://127.0.0.1:8000"])
def test_a_host_may_use_tls(tmp_path: Path, host: str) -> None:
    """The host is accepted, so only the next step fails, which reads the sessions."""
    with pytest.raises(TargetError, match="cannot be read"):
        remote_target(joined(tmp_path), host, tmp_path / "sessions")


def test_a_file_of_sessions_that_is_no_text_gets_a_message(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    sessions.write_bytes(b"Cookie: \xff")
    with pytest.raises(TargetError, match="sessions cannot be read"):
        remote_target(joined(tmp_path), "http://127.0.0.1:8000", sessions)


def a_tab(results: ReplayResults) -> Client:
    """Return a watched client that never connected.

    The client's history says that it has had a room open since the room's second event.
    """
    client = Client("alice", "Cookie: sessionid=x", [])
    client.history.watch = results.watch(client)
    client.protocol.subscriptions[7] = Subscription(7, Start.NOW)
    client.history.add(SubscribeSent, 7, None)
    client.history.add(Subscribed, 7, 2, True, None)
    return client


@pytest.mark.parametrize(
    ("seqs", "order_errors"),
    [
        ([3, 4], {}),
        ([3, 5], {"gaps": 1}),
        ([3, 3], {"duplicates": 1}),
        ([4, 3], {"gaps": 1, "reordered": 1}),
    ],
)
def test_an_event_out_of_order_is_a_violation_at_once(
    seqs: list[int], order_errors: dict[str, int]
) -> None:
    results = ReplayResults()
    client = a_tab(results)
    for seq in seqs:
        client.history.add(EventReceived, 7, seq, "member.joined", None)
    assert results.series.total().order_errors == order_errors
    assert (exit_status(results) == exit_codes.FAILED) == bool(order_errors)


def test_missing_events_and_messages_missing_in_the_log_are_violations() -> None:
    results = ReplayResults()
    client = a_tab(results)
    client.protocol.subscriptions[7].position = 2
    client.history.add(EventReceived, 7, 3, "member.joined", None)
    results.check_end([client])
    assert [violation.rule for violation in results.violations] == ["received-all"]
    message = {"id": 1, "room": 7, "rev": 3, "nonce": "n"}
    results.answered("SEND", {"type": "ok", "message": message}, 0.0)
    results.check_log(Log())
    assert [violation.rule for violation in results.violations] == ["received-all", "ok-logged"]


def test_an_acknowledged_message_that_no_client_received_is_missing_for_everyone() -> None:
    results = ReplayResults()
    client = a_tab(results)
    client.protocol.subscriptions[7].position = 2
    message = {"id": 1, "room": 7, "rev": 3, "nonce": "n"}
    results.answered("SEND", {"type": "ok", "message": message}, 0.0)
    results.check_end([client])
    assert [violation.rule for violation in results.violations] == ["received-all"]
    assert exit_status(results) == exit_codes.FAILED


def test_a_refused_or_ended_subscription_is_a_failure() -> None:
    results = ReplayResults()
    client = a_tab(results)
    assert exit_status(results) == exit_codes.PASSED
    client.history.add(SubscriptionEnded, 7, "forbidden")
    assert exit_status(results) == exit_codes.FAILED


def test_a_failure_fails_the_replay_and_a_late_player_says_so(tmp_path: Path) -> None:
    results = ReplayResults()
    assert exit_status(results) == exit_codes.PASSED
    results.late.record(0.4)
    assert exit_status(results) == exit_codes.GENERATOR_LIMITED
    assert "The player was the limit" in "\n".join(lines(results, joined(tmp_path), 1))
    results.failed("SEND")
    assert exit_status(results) == exit_codes.FAILED

"""A recorded run is read back unchanged, and checked with the same result."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.lib.checker import (
    FaultWindow,
    Promises,
    RecordedRun,
    Violation,
    read_run,
    summarize_run,
    write_run,
)
from loadtests.lib.checker.run_files import RunFileError
from loadtests.lib.client.history import AccessRevoked, Entry, EventReceived, History
from loadtests.lib.client.protocol import ClientProtocol
from loadtests.lib.client.subscription import Start
from loadtests.lib.servers.process import ROOT
from tests.support.model_server import ROOM, ModelClient, ModelServer


def make_run() -> RecordedRun:
    """Return a run with every kind of entry.

    It has two users, one of whom loads the room's history over REST.
    """
    server = ModelServer(replay_max=2)
    alice, bob = ModelClient(server, 1), ModelClient(server, 2)
    bob.protocol = ClientProtocol(History("person-0002"))
    for tab, start in ((alice, Start.BEGINNING), (bob, Start.HISTORY)):
        tab.connect()
        tab.run_effects(tab.protocol.subscribe(ROOM, start))
    for number in range(4):
        server.send(1, f"n{number}", f"body {number}")
    alice.catch_up()
    bob.drop_connection()
    bob.connect()
    bob.catch_up()
    command = {"type": "message.send", "room": ROOM, "nonce": "last", "body": "the last"}
    alice.run_effects(alice.protocol.command(command)[1])
    server.delete(102)
    alice.catch_up()
    bob.catch_up()
    revocations = History("revocations")
    revocations.add(AccessRevoked, 1.0, ("person-0003",), None)
    histories = [alice.protocol.finish(), bob.protocol.finish()]
    started, ended = histories[0].entries[0].at, histories[0].ended or 0.0
    return RecordedRun(
        histories=[*histories, revocations],
        log=server.log(),
        left_early=["person-0003"],
        listeners=["person-0001"],
        windows=[FaultWindow("a pause", started, ended, Promises(1, 2, 3), unavailable=True)],
    )


def test_a_written_run_is_read_back(tmp_path: Path) -> None:
    run = make_run()
    write_run(run, tmp_path / "run")
    again = read_run(tmp_path / "run")
    assert again.log == run.log
    assert (again.windows, again.promises) == (run.windows, run.promises)
    assert (again.left_early, again.listeners) == (run.left_early, run.listeners)
    assert list(again.histories) == list(run.histories)


def test_a_message_that_many_clients_received_is_written_once(tmp_path: Path) -> None:
    message = {"id": 1, "body": "only once"}
    entries: list[Entry] = [EventReceived(0.0, ROOM, 1, "message.created", message)]
    run = replace(make_run(), histories=[History("alice", entries), History("bob", entries)])
    write_run(run, tmp_path)
    assert (tmp_path / "histories.jsonl").read_text().count("only once") == 1


def test_only_the_owner_can_read_the_folder(tmp_path: Path) -> None:
    write_run(make_run(), tmp_path / "run")
    assert (tmp_path / "run").stat().st_mode & 0o077 == 0


def test_the_summary_counts_messages_deliveries_and_violations() -> None:
    run = make_run()
    violations = [
        Violation(rule, "bob", ROOM, "") for rule in ("event-once", "old-text", "asked-first")
    ]
    summary = summarize_run(run, violations)
    assert (summary.clients, summary.acknowledged) == (2, 1)
    created = "message.created"
    assert summary.delivered == sum(
        isinstance(one, EventReceived) and one.type == created
        for history in run.histories
        for one in history.entries
    )
    assert "0 lost, 1 duplicated, 0 reordered, 1 leaked, 0 outdated, 1 wrong" in str(summary)


def run_checker(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadtests.lib.checker", str(folder)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )


def test_the_command_checks_a_run_again(tmp_path: Path) -> None:
    run = make_run()
    run = replace(run, histories=run.histories[:2])
    write_run(run, tmp_path)
    done = run_checker(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 lost, 0 duplicated" in done.stdout
    del run.log.messages[103]
    write_run(run, tmp_path)
    done = run_checker(tmp_path)
    assert done.returncode == 1
    assert "message 103 is shown" in done.stdout.replace(" (seq 3)", "")


@pytest.mark.parametrize("name", ["log.jsonl", "histories.jsonl"])
def test_a_file_that_ends_after_any_other_than_its_last_line_is_refused(
    tmp_path: Path, name: str
) -> None:
    write_run(make_run(), tmp_path)
    lines = (tmp_path / name).read_text().splitlines(keepends=True)
    for count in range(len(lines)):
        (tmp_path / name).write_text("".join(lines[:count]))
        with pytest.raises(RunFileError, match="cannot be read"):
            read_run(tmp_path)


@pytest.mark.parametrize("broken", ["run.json", "log.jsonl", "histories.jsonl"])
def test_a_folder_without_a_complete_run_gets_a_clear_message(tmp_path: Path, broken: str) -> None:
    write_run(make_run(), tmp_path)
    text = (tmp_path / broken).read_text()
    (tmp_path / broken).write_text(text[: len(text) // 2])
    done = run_checker(tmp_path)
    assert done.returncode == 2
    assert "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
    (tmp_path / broken).unlink()
    assert "has no run" in run_checker(tmp_path).stderr

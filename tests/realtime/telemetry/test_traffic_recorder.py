"""A recording shows the shape of the traffic, but neither its content nor who took part."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from hubbub.accounts.models import User
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.protocol.json_frames import Send
from hubbub.realtime.telemetry import traffic_recorder
from hubbub.realtime.telemetry.traffic_recorder import (
    TrafficRecorder,
    pseudonymizer,
    start_recorder,
)
from loadtests.lib.servers import Cluster, Postgres, Redis
from tests.cluster.stage import Stage, opened
from tests.support.fake_transport import FakeTransport

SECRET_BODY = "the launch is on tuesday, tell bob@example.org"


@pytest.fixture(scope="module")
def recorded(
    postgres: Postgres | None, redis: Redis | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("recordings") / "monday"
    environment = {"RECORDING_DIR": str(directory)}
    with Cluster(postgres=postgres, redis=redis, environment=environment) as cluster:
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"), user_count=4)


@pytest.mark.deployment
async def test_it_records_what_users_do_and_not_what_they_write(recorded: Stage) -> None:
    people = [recorded.user(name) for name in ("alice", "bob")]
    room = recorded.room(people)
    alice, bob = (recorded.client(person, at) for at, person in enumerate(people))
    async with opened([alice, bob], room):
        sent = await alice.send(room, SECRET_BODY)
        await bob.send(room, "answered", reply_to=sent["message"]["id"])
        await alice.command("message.edit", message=sent["message"]["id"], body="moved")
        await bob.command("read", room=room, number=2)
        await recorded.settle(room, [alice, bob])
        await bob.drop_connection()
        await alice.send(room, "are you there?")
        await recorded.settle(room, [alice, bob])
        await alice.command("message.delete", message=sent["message"]["id"])
    for replica in recorded.cluster.replicas:
        replica.stop()
    text, lines = read_files(Path(recorded.cluster.environment["RECORDING_DIR"]))
    assert kinds(lines) == {
        "connect": 3,
        "subscribe": 3,
        "send": 3,
        "edit": 1,
        "read": 1,
        "delete": 1,
        "disconnect": 3,
    }
    sends = [details for _, kind, _, *details in lines if kind == "send"]
    assert sorted(chars for _, chars, _ in sends) == sorted(
        len(body) for body in (SECRET_BODY, "answered", "are you there?")
    )
    assert len({room_name for room_name, _, _ in sends}) == 1  # the same room on both replicas
    missed = [details[1] for _, kind, _, *details in lines if kind == "subscribe"]
    # The joins, and then the events that bob missed while he was away.
    assert sorted(missed) == [1, 2, 2]
    assert_no_trace(text, recorded, room, [alice.history, bob.history])


def assert_no_trace(text: str, stage: Stage, room: int, histories: list[Any]) -> None:
    """Check that the text contains nothing that could identify a user."""
    words = ["launch", "answered", "moved", "there", "example.org", "127.0.0.1", "sessionid"]
    for person in (stage.user("alice"), stage.user("bob")):
        words += [person.username, person.username.capitalize(), person.identity.split("=")[1]]
    for history in histories:
        words += [entry.connection for entry in history.entries if hasattr(entry, "connection")]
        words += [entry.command.get("nonce", "sessionid") for entry in sent_of(history)]
    for word in words:
        assert word not in text, word
    allowed = (
        r'\[\d+,"[a-z]+",\d+(,(null|true|false|\d+|"[0-9a-f]{12}"|\[("[0-9a-f]{12}",?)*\]))*\]'
    )
    for line in text.splitlines():
        is_header = line.startswith(
            '{"hubbub":"recording","version":1,"recording":"monday","began_ms":'
        )
        assert is_header or re.fullmatch(allowed, line), line


def sent_of(history: Any) -> list[Any]:
    return [entry for entry in history.entries if type(entry).__name__ == "CommandSent"]


def read_files(directory: Path) -> tuple[str, list[list[Any]]]:
    """Return the text of all files, and their lines without the headers."""
    files = sorted(directory.iterdir())
    assert len(files) == 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in [directory, *files])
    text = "".join(file.read_text() for file in files)
    return text, [line for line in map(json.loads, text.splitlines()) if isinstance(line, list)]


def kinds(lines: list[list[Any]]) -> dict[str, int]:
    found = [line[1] for line in lines]
    return {kind: found.count(kind) for kind in found}


def started(replica_id: str) -> TrafficRecorder:
    recorder = start_recorder(replica_id)
    assert recorder is not None
    return recorder


def a_connection() -> Connection:
    return Connection(FakeTransport(), Identity(User(pk=1), None, None, {1: 0}))


def test_pseudonyms_are_equal_on_all_replicas_and_differ_between_recordings() -> None:
    monday, again = pseudonymizer("secret", "monday"), pseudonymizer("secret", "monday")
    assert monday("room", 7) == again("room", 7)
    others = {
        monday("room", 8),
        monday("user", 7),
        pseudonymizer("secret", "tuesday")("room", 7),
        pseudonymizer("another", "monday")("room", 7),
    }
    assert len(others | {monday("room", 7)}) == 5


def test_recording_is_off_by_default(settings: LazySettings, tmp_path: Path) -> None:
    settings.RECORDING_DIR = ""
    assert start_recorder("replica") is None
    assert list(tmp_path.iterdir()) == []


def test_a_full_file_ends_the_recording_after_a_whole_line(
    settings: LazySettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RECORDING_DIR, settings.RECORDING_MAX_MB = str(tmp_path / "full"), 1
    recorder = started("replica")
    connection = a_connection()
    recorder.connected(connection)
    for _ in range(40):
        for _ in range(1_000):
            recorder.received(connection, Send(room=1, nonce="n", body="hello"))
        recorder.flush()
    written = (tmp_path / "full" / "replica.jsonl").read_bytes()
    assert 900_000 < len(written) < 1_001_000
    assert all(json.loads(line) for line in written.splitlines())
    assert [record.message for record in caplog.records if "ended" in record.message] == [
        "Recording ended: the file has reached RECORDING_MAX_MB. Every line in it is whole."
    ]


def test_a_disk_that_is_too_slow_ends_the_recording(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic_recorder, "MAX_BUFFERED_LINES", 10)
    settings.RECORDING_DIR = str(tmp_path / "slow")
    recorder = started("replica")
    connection = a_connection()
    recorder.connected(connection)
    for _ in range(20):
        recorder.received(connection, Send(room=1, nonce="n", body="hello"))
    recorder.disconnected(connection, 1000)
    recorder.flush()
    assert len((tmp_path / "slow" / "replica.jsonl").read_text().splitlines()) == 1


def test_a_directory_that_cannot_be_written_is_logged_and_breaks_nothing_else(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RECORDING_DIR = "/dev/null/nowhere"
    assert start_recorder("replica") is None
    assert "Cannot record traffic" in caplog.text

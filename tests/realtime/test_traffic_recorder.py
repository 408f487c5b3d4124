"""A recording has the shape of the traffic, and nothing of what was said, by whom, from where."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from hubbub.accounts.models import User
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.protocol.messages import Send
from hubbub.realtime.telemetry import traffic_recorder
from hubbub.realtime.telemetry.traffic_recorder import (
    TrafficRecorder,
    pseudonymizer,
    start_recorder,
)
from loadtests.lib.servers import Cluster, Postgres, Redis
from tests.cluster.stage import Stage, opened
from tests.support.fake_transport import Wire

SECRET_BODY = "the launch is on tuesday, tell bob@example.org"


@pytest.fixture(scope="module")
def recorded(
    postgres: Postgres | None, redis: Redis | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("here") / "monday"
    environment = {"RECORDING_DIR": str(folder)}
    with Cluster(postgres=postgres, redis=redis, environment=environment) as cluster:
        yield Stage(cluster, tmp_path_factory.mktemp("sessions"), crowd=4)


@pytest.mark.deployment
async def test_it_tells_what_was_done_and_not_what_was_said(recorded: Stage) -> None:
    people = [recorded.person(name) for name in ("alice", "bob")]
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
    text, lines = everything(Path(recorded.cluster.environment["RECORDING_DIR"]))
    assert kinds(lines) == {
        "connect": 3,
        "subscribe": 3,
        "send": 3,
        "edit": 1,
        "read": 1,
        "delete": 1,
        "disconnect": 3,
    }
    sends = [facts for _, kind, _, *facts in lines if kind == "send"]
    assert sorted(chars for _, chars, _ in sends) == sorted(
        len(body) for body in (SECRET_BODY, "answered", "are you there?")
    )
    assert len({named for named, _, _ in sends}) == 1  # the same room on both replicas
    lacked = [facts[1] for _, kind, _, *facts in lines if kind == "subscribe"]
    assert sorted(lacked) == [1, 2, 2]  # the joins; then what came while bob was away
    assert_no_trace(text, recorded, room, [alice.history, bob.history])


def assert_no_trace(text: str, stage: Stage, room: int, histories: list[Any]) -> None:
    """Look for whatever would lead back to somebody."""
    words = ["launch", "answered", "moved", "there", "example.org", "127.0.0.1", "sessionid"]
    for person in (stage.person("alice"), stage.person("bob")):
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
        head = line.startswith('{"hubbub":"recording","version":1,"recording":"monday","began_ms":')
        assert head or re.fullmatch(allowed, line), line


def sent_of(history: Any) -> list[Any]:
    return [entry for entry in history.entries if type(entry).__name__ == "CommandSent"]


def everything(folder: Path) -> tuple[str, list[list[Any]]]:
    """Return the text of all files, and their lines but for the heads."""
    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    text = "".join(file.read_text() for file in files)
    return text, [line for line in map(json.loads, text.splitlines()) if isinstance(line, list)]


def kinds(lines: list[list[Any]]) -> dict[str, int]:
    found = [line[1] for line in lines]
    return {kind: found.count(kind) for kind in found}


def started(replica_id: str) -> TrafficRecorder:
    recorder = start_recorder(replica_id)
    assert recorder is not None
    return recorder


def a_socket() -> Connection:
    return Connection(Wire(), Identity(User(pk=1), None, None, {1: 0}))


def test_names_are_the_same_on_all_replicas_and_others_in_each_recording_and_place() -> None:
    monday, again = pseudonymizer("secret", "monday"), pseudonymizer("secret", "monday")
    assert monday("room", 7) == again("room", 7)
    others = {
        monday("room", 8),
        monday("person", 7),
        pseudonymizer("secret", "tuesday")("room", 7),
        pseudonymizer("another", "monday")("room", 7),
    }
    assert len(others | {monday("room", 7)}) == 5


def test_it_is_off_unless_it_is_asked_for(settings: LazySettings, tmp_path: Path) -> None:
    settings.RECORDING_DIR = ""
    assert start_recorder("replica") is None
    assert list(tmp_path.iterdir()) == []


def test_a_full_file_ends_it_with_whole_lines(
    settings: LazySettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RECORDING_DIR, settings.RECORDING_MAX_MB = str(tmp_path / "full"), 1
    made = started("replica")
    socket = a_socket()
    made.connected(socket)
    for _ in range(40):
        for _ in range(1_000):
            made.received(socket, Send(room=1, nonce="n", body="hello"))
        made.flush()
    written = (tmp_path / "full" / "replica.jsonl").read_bytes()
    assert 900_000 < len(written) < 1_001_000
    assert all(json.loads(line) for line in written.splitlines())
    assert [record.message for record in caplog.records if "ended" in record.message] == [
        "Recording ended: the file has reached RECORDING_MAX_MB. Every line in it is whole."
    ]


def test_a_disk_that_does_not_keep_up_ends_it(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic_recorder, "MAX_BUFFERED_LINES", 10)
    settings.RECORDING_DIR = str(tmp_path / "slow")
    made = started("replica")
    socket = a_socket()
    made.connected(socket)
    for _ in range(20):
        made.received(socket, Send(room=1, nonce="n", body="hello"))
    made.disconnected(socket, 1000)
    made.flush()
    assert len((tmp_path / "slow" / "replica.jsonl").read_text().splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_said_and_nothing_else_breaks(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RECORDING_DIR = "/dev/null/nowhere"
    assert start_recorder("replica") is None
    assert "Cannot record traffic" in caplog.text

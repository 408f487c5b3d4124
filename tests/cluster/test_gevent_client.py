"""Under gevent, as in Locust, the client recovers from a lost connection, a drain and a kill."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from loadtests.lib.client import rest
from loadtests.lib.servers.process import ROOT, Server
from tests.cluster.stage import Stage

# These tests need our server, because its drain moves the client to the other replica.
pytestmark = [pytest.mark.deployment, pytest.mark.our_server]


class Tab:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.state = self._read_state()

    def do(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        self.state = self._read_state()
        return self.state

    def _read_state(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the tab ended"
        state: dict[str, Any] = json.loads(line)
        return state


@contextmanager
def bobs_tab(stage: Stage, room: int) -> Iterator[Tab]:
    """Run bob's client under gevent, in a process of its own, with the room open."""
    identity = stage.user("bob").identity
    command = [sys.executable, "-m", "tests.cluster.gevent_tab", identity, str(room)]
    with subprocess.Popen(
        [*command, *stage.addresses],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Tab(process)
        finally:
            process.kill()


def test_it_loses_nothing_when_disconnected_drained_or_its_replica_is_killed(stage: Stage) -> None:
    alice, bob = stage.user("alice"), stage.user("bob")
    room = stage.room([alice, bob])

    def send_as_alice(body: str, exclude: Server | None = None) -> None:
        """Send over REST to a replica that is running."""
        port = next(one.port for one in stage.cluster.replicas if one is not exclude)
        path = f"/rooms/{room}/messages"
        rest.call(f"127.0.0.1:{port}", "POST", path, alice.headers, {"body": body})

    with bobs_tab(stage, room) as tab:
        send_as_alice("received")
        tab.do(wait_for="received")
        tab.do(cut=0.5)
        send_as_alice("missed")
        assert tab.do(wait_for="missed")["resumes"] == 1

        drained = replica_at(stage, tab.state["address"])
        drained.stop()
        send_as_alice("after the goodbye", exclude=drained)
        assert tab.do(wait_for="after the goodbye")["resumes"] == 2
        assert tab.do(send="on the next one")["bodies"][-1] == "on the next one"
        drained.start()

        killed = replica_at(stage, tab.state["address"])
        killed.kill()
        send_as_alice("after the kill", exclude=killed)
        assert tab.do(wait_for="after the kill")["resumes"] == 3
        killed.start()

        state = tab.do(send="the end")
        bodies = ["received", "missed", "after the goodbye", "on the next one", "after the kill"]
        assert state["bodies"] == [*bodies, "the end"]
        assert state["faults"] == []
        assert state["sockets"] == 1


def test_it_keeps_only_the_newest_messages_of_a_room(stage: Stage) -> None:
    bob = stage.user("bob")
    with bobs_tab(stage, stage.room([bob])) as tab:
        kept = tab.do(send_many=210)["bodies"]
        assert len(kept) == 200
        assert kept[-1] == "number 209"


def replica_at(stage: Stage, address: str) -> Server:
    return next(one for one in stage.cluster.replicas if address.endswith(f":{one.port}"))

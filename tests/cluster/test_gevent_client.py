"""Locust's client resumes as the other one does: cut, sent away, its replica killed."""

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

# It is sent away by a drain, and goes to the other replica.
pytestmark = [pytest.mark.deployment, pytest.mark.our_server]


class Tab:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.state = self._hear()

    def do(self, **told: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        self.state = self._hear()
        return self.state

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the tab ended"
        state: dict[str, Any] = json.loads(line)
        return state


@contextmanager
def a_tab(stage: Stage, room: int) -> Iterator[Tab]:
    """Have bob open the room with the gevent shell."""
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


def test_it_loses_nothing_when_it_is_cut_and_when_its_replica_goes(stage: Stage) -> None:
    alice, bob = stage.user("alice"), stage.user("bob")
    room = stage.room([alice, bob])

    def alice_says(body: str, besides: Server | None = None) -> None:
        """Over a replica that runs."""
        port = next(one.port for one in stage.cluster.replicas if one is not besides)
        path = f"/rooms/{room}/messages"
        rest.call(f"127.0.0.1:{port}", "POST", path, alice.headers, {"body": body})

    with a_tab(stage, room) as tab:
        alice_says("heard")
        tab.do(hear="heard")
        tab.do(cut=0.5)
        alice_says("missed")
        assert tab.do(hear="missed")["resumes"] == 1

        sent_away = replica_at(stage, tab.state["address"])
        sent_away.stop()
        alice_says("after the goodbye", besides=sent_away)
        assert tab.do(hear="after the goodbye")["resumes"] == 2
        assert tab.do(say="on the next one")["bodies"][-1] == "on the next one"
        sent_away.start()

        killed = replica_at(stage, tab.state["address"])
        killed.kill()
        alice_says("after the kill", besides=killed)
        assert tab.do(hear="after the kill")["resumes"] == 3
        killed.start()

        heard = tab.do(say="the end")
        said = ["heard", "missed", "after the goodbye", "on the next one", "after the kill"]
        assert heard["bodies"] == [*said, "the end"]
        assert heard["faults"] == []
        assert heard["sockets"] == 1


def test_it_keeps_only_the_newest_messages_of_a_room(stage: Stage) -> None:
    bob = stage.user("bob")
    with a_tab(stage, stage.room([bob])) as tab:
        kept = tab.do(say_many=210)["bodies"]
        assert len(kept) == 200
        assert kept[-1] == "number 209"


def replica_at(stage: Stage, address: str) -> Server:
    return next(one for one in stage.cluster.replicas if address.endswith(f":{one.port}"))

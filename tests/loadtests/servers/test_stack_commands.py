"""Commands of a running stack are given enough time."""

import subprocess
from typing import Any

import pytest

from loadtests.lib.servers.stack import RunningStack


def test_creating_many_users_may_take_longer_than_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[float | None] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        timeouts.append(options["timeout"])
        return subprocess.CompletedProcess(command, 0, "created", "")

    monkeypatch.setattr(subprocess, "run", run)
    stack = RunningStack()
    assert stack.manage("seed", "--yes", "--users", "30000") == "created"
    assert timeouts == [None]
    stack.close()

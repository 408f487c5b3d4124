"""`doctor` against the whole stack: green as it comes, red when nginx cuts silent sockets."""

import json
from typing import Any

from loadtests.lib.servers.stack import RunningStack
from tests.stack.conftest import MakeStack

NO_MAIL = ["mail"]  # a stack prints its mails


def test_the_stack_is_green(stack: RunningStack) -> None:
    found = examine(stack)
    assert named(found, "red") == [], found
    assert named(found, "yellow") == NO_MAIL, found
    assert named(found, "grey") == ["tls"], found
    assert "replicas: 2, gunicorns: 1" in said(found, "connections")
    assert found["exit"] == 0


def test_a_proxy_timeout_below_the_heartbeat_is_red(make_stack: MakeStack) -> None:
    with make_stack(SOCKET_TIMEOUT="2s") as own:
        found = examine(own)
    assert named(found, "red") == ["idle"], found


def examine(stack: RunningStack) -> Any:
    done = stack.attempt("manage", "--", "doctor", "--json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def said(found: Any, check: str) -> str:
    return "".join(one["message"] for one in found["results"] if one["check"] == check)


def named(found: Any, colour: str) -> list[str]:
    return [one["check"] for one in found["results"] if one["status"] == colour]

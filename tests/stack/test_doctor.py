"""`doctor` on the whole stack: green by default, red when nginx closes idle WebSockets."""

import json
from typing import Any

from loadtests.lib.servers.stack import RunningStack
from tests.stack.conftest import MakeStack

NO_MAIL = ["mail"]  # a stack sends no e-mails, but writes them to its output


def test_the_default_stack_is_green(stack: RunningStack) -> None:
    report = run_doctor(stack)
    assert with_status(report, "red") == [], report
    assert with_status(report, "yellow") == NO_MAIL, report
    assert with_status(report, "grey") == ["tls"], report
    assert "replicas: 2, gunicorns: 1" in message(report, "connections")
    assert report["exit"] == 0


def test_a_proxy_timeout_below_the_ping_interval_is_red(make_stack: MakeStack) -> None:
    with make_stack(SOCKET_TIMEOUT="2s") as own:
        report = run_doctor(own)
    assert with_status(report, "red") == ["idle"], report


def run_doctor(stack: RunningStack, *options: str) -> Any:
    """Run the doctor with the code that was last deployed completely. Return its report."""
    done = stack.attempt("manage", "--", "doctor", "--json", *options)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def message(report: Any, check: str) -> str:
    return "".join(one["message"] for one in report["results"] if one["check"] == check)


def with_status(report: Any, status: str) -> list[str]:
    return [one["check"] for one in report["results"] if one["status"] == status]

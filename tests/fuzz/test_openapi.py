"""Schemathesis tests the REST API: no 5xx, no undocumented response, no unauthenticated access.

It runs as a separate command against a real replica, as different users. Its output shows each
failure with a `curl` command that repeats it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.lib.servers.process import ROOT
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage
from tests.fuzz.raw_http import send_request
from tests.fuzz.rounds import SEED, TIMES

pytestmark = [pytest.mark.deployment, pytest.mark.timeout(120 * max(1, TIMES))]

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
RUN_SECONDS = 100 * max(1, TIMES)
CSRF = "c" * 32


def explore(
    stage: Stage, headers: dict[str, str], folder: Path, phases: str, most: int, *options: str
) -> None:
    """Run schemathesis with these headers, with up to `most` examples per operation."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"),
            f"http://{stage.address(0)}/api/openapi.json",
            *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
            *("--phases", phases, "--max-examples", str(most * TIMES), "--seed", str(SEED)),
            *options,
        ],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.fuzz.schemathesis_checks",
        },
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert result.returncode == 0, result.stdout[-8_000:] + result.stderr[-2_000:]
    assert "21 selected / 21 total" in result.stdout


def session_headers(user: Account) -> dict[str, str]:
    """Return the headers that our pages' scripts send."""
    cookie = f"{user.headers['Cookie']}; csrftoken={CSRF}"
    return {"Cookie": cookie, "X-CSRFToken": CSRF}


def test_as_the_owner_with_a_token(target: Stage, tmp_path: Path) -> None:
    bot = target.bot_of(target.user("alice"))
    explore(target, bot.headers, tmp_path, "coverage", 1)


def test_as_a_member_with_a_session_in_sequences_of_requests(target: Stage, tmp_path: Path) -> None:
    # Schemathesis sends invalid tokens along with the cookie; Hubbub ignores what is not a bearer
    # token.
    options = ("--exclude-checks", "ignored_auth")
    headers = session_headers(target.user("bob"))
    explore(target, headers, tmp_path, "fuzzing,stateful", 6, *options)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer hub_nothing"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YWxpY2U6eA=="},
        {"Cookie": "sessionid=nobody"},
        {"Cookie": "sessionid=nobody; csrftoken=" + CSRF, "X-CSRFToken": CSRF},
        {"Cookie": "sessionid=\xff\xfe"},
    ],
    ids=str,
)
def test_strangers_are_refused_by_every_operation(target: Stage, headers: dict[str, str]) -> None:
    replica = target.cluster.replicas[0]
    document = json.loads(send_request(replica.port, "GET", "/api/openapi.json").body)
    assert len(document["paths"]) > 10
    for path, operations in document["paths"].items():
        for method in operations:
            address = path.format(room_id=1, message_id=1, user_id=1)
            answer = send_request(replica.port, method.upper(), address, headers, b"{}")
            assert answer.status in (401, 403), (method, address, answer)
            assert set(json.loads(answer.body)) == {"code", "detail"}
